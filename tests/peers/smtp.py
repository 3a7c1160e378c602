# SPDX-License-Identifier: ISC
# A mail server (aiosmtpd) for the tests: smtp.py [--tls CERT KEY] [--starttls CERT KEY] [--user NAME PASSWORD]. Prints its port, then a line of JSON for
# each thing that happens: {"from","to","data","tls","auth"} for a mail that it took, {"refused": …} for others. What it does follows from what stands before
# the @ of the recipient: later* (greylisted: 451 at first, taken at the third attempt), full (452 always), never (550), drop (closes within DATA),
# after (takes it, then closes without saying so), slow (answers after a second), mute (never answers DATA's end), reject (554 at DATA's end).
import argparse, asyncio, collections, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult

arguments = argparse.ArgumentParser()
arguments.add_argument('--tls', nargs=2)
arguments.add_argument('--starttls', nargs=2)
arguments.add_argument('--user', nargs=2)
options = arguments.parse_args()
seen = collections.Counter()


def tell(**what):
    print(json.dumps(what), flush=True)


def context(files):
    if files is None:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*files)
    return made


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return '250 OK'

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        name = address.split('@')[0]
        seen[address] += 1
        answer = '250 OK'
        if name.startswith('later') and seen[address] < 3:
            answer = f'451 4.7.1 <{address}>: greylisted, come back'
        elif name == 'full':
            answer = f'452 4.2.2 <{address}>: mailbox full'
        elif name == 'never':
            answer = f'550 5.1.1 <{address}>: no such user'
        if answer == '250 OK':
            envelope.rcpt_tos.append(address)
        else:
            tell(refused=answer, to=address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        name = envelope.rcpt_tos[0].split('@')[0]
        if name == 'slow':
            await asyncio.sleep(1)
        if name == 'mute':
            tell(mute=True)
            await asyncio.sleep(600)
        if name == 'drop':
            tell(dropped=True)
            server.transport.abort()
            return None
        if name == 'reject':
            tell(refused='554', to=envelope.rcpt_tos[0])
            return f'554 5.7.1 <{envelope.rcpt_tos[0]}>: spam'
        tell(**{'from': envelope.mail_from, 'to': envelope.rcpt_tos, 'data': envelope.content.decode('latin-1'),
                'tls': server.transport.get_extra_info('ssl_object') is not None, 'auth': getattr(session, 'user', None), 'helo': session.host_name})
        if name == 'after':
            server.transport.abort()
            return None
        return '250 taken'


def authenticate(server, session, envelope, mechanism, data):
    good = options.user is not None and data.login.decode() == options.user[0] and data.password.decode() == options.user[1]
    session.user = data.login.decode() if good else None
    return AuthResult(success=good, auth_data=data.login, handled=False)


def factory():
    return SMTP(Handler(), hostname='mail.test', tls_context=context(options.starttls), require_starttls=options.starttls is not None,
                authenticator=authenticate if options.user else None, auth_required=options.user is not None,
                auth_require_tls=options.tls is None and options.starttls is not None, enable_SMTPUTF8=True, timeout=600)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, '127.0.0.1', 0, ssl=context(options.tls))
    tell(port=server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)  # until whoever started it leaves


asyncio.run(main())
