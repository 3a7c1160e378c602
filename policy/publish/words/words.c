// SPDX-License-Identifier: ISC
#include "policy/publish/words/words.h"
#include "policy/base/array.h"
#include "policy/model/policy.h"
#include <string.h>

static const char *const words[WORD_COUNT][LANGUAGE_COUNT] = {
    [WORD_NOTICE] = {"Privacy notice", "Datenschutzhinweise", "隐私声明"},
    [WORD_VERSION] = {"Version ", "Fassung ", "版本 "},
    [WORD_UPDATED] = {", last updated ", ", zuletzt geändert am ", "，最近更新："},
    [WORD_EFFECTIVE] = {", in effect from ", ", gültig ab ", "，生效日期："},
    [WORD_STOP] = {".", ".", "。"},
    [WORD_NEXT_SENTENCE] = {" ", " ", ""},
    [WORD_COMMA] = {", ", ", ", "、"},
    [WORD_SEMICOLON] = {"; ", "; ", "；"},
    [WORD_COLON] = {": ", ": ", "："},
    [WORD_LANGUAGES] = {"In other languages", "In anderen Sprachen", "其他语言"},
    [WORD_SUMMARY] = {"In short", "Kurz gesagt", "概要"},
    [WORD_IN_MEMORY] = {"Only in memory", "Nur im Arbeitsspeicher", "仅在内存中"},
    [WORD_STORED] = {"Kept for a time", "Für eine Zeit gespeichert", "在一段时间内保存"},
    [WORD_SEEN_BY] = {"Who else sees data", "Wer sonst Daten sieht", "还有谁能看到数据"},
    [WORD_NOBODY] = {"nobody", "niemand", "没有其他人"},
    [WORD_PLACES] = {"Where they work", "Wo diese arbeiten", "处理地点"},
    [WORD_OWN_SERVER] = {"our own server", "unser eigener Server", "我们自己的服务器"},
    [WORD_COOKIES] = {"Cookies and storage", "Cookies und Speicher im Browser", "Cookie 与浏览器存储"},
    [WORD_RESOURCES] = {"Resources of third parties", "Inhalte von Dritten", "第三方资源"},
    [WORD_NONE] = {"none", "keine", "无"},
    [WORD_RIGHTS] = {"Your rights", "Ihre Rechte", "您的权利"},
    [WORD_USE_RIGHTS] = {"Use them here", "Hier ausüben", "在此行使"},
    [WORD_AGE] = {"Minimum age", "Mindestalter", "最低年龄"},
    [WORD_YEARS] = {" years", " Jahre", " 岁"},
    [WORD_PROMISES] = {"What we promise", "Was wir versprechen", "我们的承诺"},
    [WORD_TABLE_HELD] = {"What we hold, how long, and who else gets it", "Was wir speichern, wie lange, und wer es noch erhält",
			 "我们保存什么、保存多久以及还有谁会收到"},
    [WORD_COLUMN_DATA] = {"Data", "Daten", "数据"},
    [WORD_COLUMN_KEPT] = {"We keep it", "Wie lange", "保存期限"},
    [WORD_COLUMN_SHARED] = {"Who else gets it", "Wer es noch erhält", "还有谁会收到"},
    [WORD_CHANGED_SINCE] = {"What changed since ", "Was sich geändert hat seit ", "自以下日期以来的变化："},
    [WORD_CHANGED_FIRST] = {"About this version", "Zu dieser Fassung", "关于此版本"},
    [WORD_MATERIAL] = {"Material", "Wesentlich", "重大"},
    [WORD_CONTENTS] = {"Contents", "Inhalt", "目录"},
    [WORD_OTHER_FORMS] = {"To keep, print or process", "Zum Aufbewahren, Drucken und Verarbeiten", "用于保存、打印和处理"},
    [WORD_PLAIN_TEXT] = {"plain text", "reiner Text", "纯文本"},
    [WORD_FEED] = {"Feed of changes", "Feed der Änderungen", "变更订阅"},
    [WORD_LIVE] = {"What is held at this moment", "Was in diesem Augenblick gespeichert ist", "此刻保存的内容"},
    [WORD_CONTROLLER] = {"Controller: ", "Verantwortlich: ", "数据控制者："},
    [WORD_REPRESENTATIVE] = {"Representative: ", "Vertretung: ", "代表："},
    [WORD_OFFICER] = {"Data protection officer: ", "Datenschutzbeauftragte Person: ", "数据保护官："},
    [WORD_AUTHORITY] = {"Supervisory authority: ", "Aufsichtsbehörde: ", "监管机构："},
    [WORD_WHERE] = {"Where: ", "Wo: ", "地点："},
    [WORD_HOW_LONG] = {"How long: ", "Wie lange: ", "期限："},
    [WORD_WHY] = {"Why: ", "Wozu: ", "目的："},
    [WORD_BASIS] = {" Basis: ", " Grundlage: ", " 依据："},
    [WORD_COMES_FROM] = {"Comes from: ", "Stammt von: ", "来源："},
    [WORD_ALSO] = {" Also: ", " Außerdem: ", " 另外："},
    [WORD_AND_THEN] = {", and then ", ", danach noch ", "，此后再保存 "},
    [WORD_AFTER_MADE] = {" after it was made", " nach der Entstehung", "（自产生之日起）"},
    [WORD_AFTER_COMPLETED] = {" after it was completed", " nach dem Abschluss", "（自完成之日起）"},
    [WORD_AFTER_CLOSED] = {" after it was closed", " nach der Erledigung", "（自关闭之日起）"},
    [WORD_AFTER_ACCOUNT] = {" after your account ended", " nach dem Ende Ihres Kontos", "（自账户终止之日起）"},
    [WORD_UNLESS_SAVED] = {", unless you saved it", ", außer Sie haben es gespeichert", "，除非您已将其保存"},
    [WORD_UNLESS_OTHER] = {", unless another reason to keep it holds", ", außer ein anderer Grund zum Aufbewahren gilt",
			   "，除非另有保存理由"},
    [WORD_THEN_ANONYMISED] = {"; then it is anonymised", "; dann wird es anonymisiert", "；之后匿名化"},
    [WORD_THEN_DELETED] = {"; then it is deleted", "; dann wird es gelöscht", "；之后删除"},
    [WORD_HOLD] = {" (longer only under a legal hold)", " (länger nur bei einer rechtlichen Aufbewahrungspflicht)",
		   "（仅在法律保全时延长）"},
    [WORD_TABLE_PROCESSORS] = {"Processors that work for us", "Wer für uns arbeitet", "为我们工作的处理者"},
    [WORD_COLUMN_WHO] = {"Who", "Wer", "谁"},
    [WORD_COLUMN_TASK] = {"What for", "Wofür", "用途"},
    [WORD_COLUMN_WHERE] = {"Where", "Wo", "地点"},
    [WORD_COLUMN_GETS] = {"What they get", "Was sie erhalten", "收到的数据"},
    [WORD_COLUMN_TRAINS] = {"Trains on it", "Trainiert damit", "是否用于训练"},
    [WORD_YES] = {"yes", "ja", "是"},
    [WORD_NO] = {"no", "nein", "否"},
    [WORD_NEVER_GETS] = {"never: ", "nie: ", "绝不包括："},
    [WORD_BUILT_IN] = {" is part of our own software. ", " ist Teil unserer eigenen Software. ", " 是我们自有软件的一部分。"},
    [WORD_TABLE_COOKIES] = {"What is stored in your browser", "Was in Ihrem Browser gespeichert wird", "您的浏览器中保存的内容"},
    [WORD_COLUMN_NAME] = {"Name", "Name", "名称"},
    [WORD_COLUMN_CLASS] = {"Class", "Art", "类别"},
    [WORD_COLUMN_LASTS] = {"Lasts", "Dauer", "期限"},
    [WORD_BROWSER_CLOSED] = {"until you close the browser", "bis Sie den Browser schließen", "直到您关闭浏览器"},
    [WORD_ANSWERED_LAW] = {" Answered within the time that the law sets", " Beantwortet in der gesetzlichen Frist", "在法定期限内答复"},
    [WORD_ONE_MONTH] = {": one month at most", ": spätestens nach einem Monat", "：最长一个月"},
    [WORD_ANSWERED_IN] = {" Answered within ", " Antwortfrist: ", "答复期限："},
    [WORD_USE_ON_PAGE] = {"Use them on the page ", "Nutzen Sie die Seite ", "请使用页面“"},
    [WORD_OR_BY_MAIL] = {" or by mail", " oder schreiben Sie uns", "”，或给我们写信"},
    [WORD_BASIS_CONSENT] = {"your consent (Article 6(1)(a) GDPR)", "Ihre Einwilligung (Artikel 6 Absatz 1 Buchstabe a DSGVO)",
			    "您的同意（GDPR 第 6(1)(a) 条）"},
    [WORD_BASIS_CONTRACT] = {"doing what you ask for (contract, Article 6(1)(b) GDPR)",
			     "tun, worum Sie bitten (Vertrag, Artikel 6 Absatz 1 Buchstabe b DSGVO)",
			     "完成您的请求（合同，GDPR 第 6(1)(b) 条）"},
    [WORD_BASIS_LEGAL] = {"a legal obligation (Article 6(1)(c) GDPR)", "eine rechtliche Pflicht (Artikel 6 Absatz 1 Buchstabe c DSGVO)",
			  "法律义务（GDPR 第 6(1)(c) 条）"},
    [WORD_BASIS_VITAL] = {"vital interests (Article 6(1)(d) GDPR)", "lebenswichtige Interessen (Artikel 6 Absatz 1 Buchstabe d DSGVO)",
			  "重大利益（GDPR 第 6(1)(d) 条）"},
    [WORD_BASIS_PUBLIC] = {"a public task (Article 6(1)(e) GDPR)", "eine öffentliche Aufgabe (Artikel 6 Absatz 1 Buchstabe e DSGVO)",
			   "公共任务（GDPR 第 6(1)(e) 条）"},
    [WORD_BASIS_INTERESTS] = {"our legitimate interests (Article 6(1)(f) GDPR)",
			      "unsere berechtigten Interessen (Artikel 6 Absatz 1 Buchstabe f DSGVO)",
			      "我们的正当利益（GDPR 第 6(1)(f) 条）"},
    [WORD_SAFE_ADEQUACY] = {"adequacy decision (Article 45 GDPR)", "Angemessenheitsbeschluss (Artikel 45 DSGVO)",
			    "充分性认定（GDPR 第 45 条）"},
    [WORD_SAFE_FRAMEWORK] = {"EU-US Data Privacy Framework (Article 45 GDPR)", "EU-US-Datenschutzrahmen (Artikel 45 DSGVO)",
			     "欧美数据隐私框架（GDPR 第 45 条）"},
    [WORD_SAFE_CLAUSES] = {"standard contractual clauses (Article 46 GDPR)", "Standardvertragsklauseln (Artikel 46 DSGVO)",
			   "标准合同条款（GDPR 第 46 条）"},
    [WORD_SAFE_RULES] = {"binding corporate rules (Article 47 GDPR)", "verbindliche interne Vorschriften (Artikel 47 DSGVO)",
			 "有约束力的公司规则（GDPR 第 47 条）"},
    [WORD_SAFE_CONSENT] = {"your explicit consent (Article 49(1)(a) GDPR)",
			   "Ihre ausdrückliche Einwilligung (Artikel 49 Absatz 1 Buchstabe a DSGVO)",
			   "您的明确同意（GDPR 第 49(1)(a) 条）"},
    [WORD_SAFE_CONTRACT] = {"necessary for what you ask for (Article 49(1)(b) GDPR)",
			    "notwendig für das, worum Sie bitten (Artikel 49 Absatz 1 Buchstabe b DSGVO)",
			    "为完成您的请求所必需（GDPR 第 49(1)(b) 条）"},
    [WORD_FROM_VISITOR] = {"you", "Ihnen", "您"},
    [WORD_FROM_BROWSER] = {"your browser", "Ihrem Browser", "您的浏览器"},
    [WORD_FROM_PAGE] = {"the page you name", "der Seite, die Sie nennen", "您指定的网页"},
    [WORD_FROM_PROCESSOR] = {"made for you from what you gave", "aus Ihren Angaben für Sie gemacht", "根据您提供的内容生成"},
    [WORD_FROM_SERVER] = {"our server", "unserem Server", "我们的服务器"},
    [WORD_FROM_OFFICER] = {"our privacy officer", "unserer für Datenschutz zuständigen Person", "我们的隐私负责人"},
    [WORD_CLASS_NECESSARY] = {"necessary", "notwendig", "必要"},
    [WORD_CLASS_FUNCTIONAL] = {"functional", "funktional", "功能"},
    [WORD_CLASS_PREFERENCE] = {"preference", "Einstellung", "偏好"},
    [WORD_CLASS_PERSONALISATION] = {"personalisation", "Personalisierung", "个性化"},
    [WORD_CLASS_PERFORMANCE] = {"performance", "Leistung", "性能"},
    [WORD_CLASS_ANALYTICS] = {"analytics", "Analyse", "分析"},
    [WORD_CLASS_MARKETING] = {"marketing", "Werbung", "营销"},
    [WORD_SKIP] = {"Skip to the content", "Zum Inhalt springen", "跳到正文"},
    [WORD_NAV_SITE] = {"Site", "Website", "网站"},
    [WORD_NAV_LEGAL] = {"Legal", "Rechtliches", "法律信息"},
    [WORD_NAV_PRIVACY] = {"Privacy", "Datenschutz", "隐私"},
    [WORD_NAV_SUBPROCESSORS] = {"Subprocessors", "Unterauftragsverarbeiter", "分处理者"},
    [WORD_RUN_BY] = {" is run by ", " wird betrieben von ", " 的运营者："},
    [WORD_CONTACT] = {"Privacy matters: ", "Fragen zum Datenschutz: ", "隐私事务联系："},
    [WORD_NOT_SUMMARY] = {"The summary helps to find your way; what holds is the whole notice.",
			  "Die Übersicht hilft beim Zurechtfinden; es gilt der ganze Text.", "概要便于阅读；以全文为准。"},
};

struct named_word {
	const char *name;
	enum word word;
};
static const struct named_word bases[] = {{"consent", WORD_BASIS_CONSENT},        {"contract", WORD_BASIS_CONTRACT},
					  {"legal-obligation", WORD_BASIS_LEGAL}, {"vital-interests", WORD_BASIS_VITAL},
					  {"public-task", WORD_BASIS_PUBLIC},     {"legitimate-interests", WORD_BASIS_INTERESTS}};
static const struct named_word safeguards[] = {{"adequacy", WORD_SAFE_ADEQUACY},
					       {"data-privacy-framework", WORD_SAFE_FRAMEWORK},
					       {"standard-contractual-clauses", WORD_SAFE_CLAUSES},
					       {"binding-corporate-rules", WORD_SAFE_RULES},
					       {"explicit-consent", WORD_SAFE_CONSENT},
					       {"contract-with-subject", WORD_SAFE_CONTRACT}};
static const struct named_word sources[] = {{"visitor", WORD_FROM_VISITOR}, {"browser", WORD_FROM_BROWSER},
					    {"page", WORD_FROM_PAGE},       {"processor", WORD_FROM_PROCESSOR},
					    {"server", WORD_FROM_SERVER},   {"officer", WORD_FROM_OFFICER}};
static const struct named_word classes[] = {{"necessary", WORD_CLASS_NECESSARY},     {"functional", WORD_CLASS_FUNCTIONAL},
					    {"preference", WORD_CLASS_PREFERENCE},   {"personalisation", WORD_CLASS_PERSONALISATION},
					    {"performance", WORD_CLASS_PERFORMANCE}, {"analytics", WORD_CLASS_ANALYTICS},
					    {"marketing", WORD_CLASS_MARKETING}};

enum language language_of(const struct policy *p)
{
	enum language language;

	(void)language_from_code(&language, p->language);
	return language;
}

const char *word_in(const struct policy *p, enum word word)
{
	return words[word][language_of(p)];
}

static const char *find(const struct policy *p, const struct named_word *table, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(table[i].name, name) == 0)
			return word_in(p, table[i].word);
	}
	return name;
}

const char *basis_words(const struct policy *p, const char *basis)
{
	return find(p, bases, ARRAY_LEN(bases), basis);
}

const char *safeguard_words(const struct policy *p, const char *safeguard)
{
	return find(p, safeguards, ARRAY_LEN(safeguards), safeguard);
}

const char *source_words(const struct policy *p, const char *source)
{
	return find(p, sources, ARRAY_LEN(sources), source);
}

const char *cookie_class_words(const struct policy *p, const char *name)
{
	return find(p, classes, ARRAY_LEN(classes), name);
}
