// SPDX-License-Identifier: ISC
// Every fact that the privacy policy of the AI Image Description Generator states: what, where in the document, and what its string value must be.
static const struct fact image_describer[] = {
    {"name", "/policy/@shown-as", "AI Image Description Generator"},
    {"updated", "/policy/versions/version[1]/@updated", "2025-09-07"},
    {"contact", "/policy/controller/@mail", "privacy@image-describer.example"},
    // the job
    {"from an uploaded image", "/policy/service/@from", "upload"},
    {"to a description", "/policy/service/@to", "description"},
    {"no account", "count(//promise[@id='no-account'])", "1"},
    {"no account held", "count(//kind[@id='account' or @id='session'])", "0"},
    // what is held
    {"uploaded images", "boolean(//kind[@id='upload'])", "true"},
    {"IP", "count(//kind[@id='request-log']/category[.='IP address'])", "1"},
    {"browser", "count(//kind[@id='request-log']/category[contains(.,'Browser')])", "1"},
    {"device", "count(//kind[@id='request-log']/category[.='Device'])", "1"},
    {"access times", "count(//kind[@id='request-log']/category[.='Time of access'])", "1"},
    {"frequency", "count(//kind[@id='request-log']/category[.='Frequency of use'])", "1"},
    {"technical and usage data", "//kind[@id='request-log']/name", "Technical and usage data"},
    // input and output
    {"in memory only", "//kind[@id='upload']/@keep", "memory"},
    {"never on a disk", "count(//promise[@id='no-disk' and @kind='upload'])", "1"},
    {"gone within 30 minutes", "//kind[@id='upload']/@longest", "PT30M"},
    {"no copy anywhere after that", "contains(//section[@id='picture'], 'Within 30 minutes')", "true"},
    {"the description is returned", "contains(//kind[@id='description']/what, 'You get it')", "true"},
    {"and not kept", "//kind[@id='description']/@keep", "memory"},
    // processors
    {"Replicate", "//processor[@id='replicate']/@brand", "Replicate"},
    {"a vision model", "//processor[@id='replicate']/@service", "Vision model"},
    {"it describes", "//processor[@id='replicate']/@roles", "description"},
    {"it gets the picture", "//processor[@id='replicate']/receives/@kind", "upload"},
    {"Cloudflare R2", "//processor[@id='cloudflare-r2']/@brand", "Cloudflare R2"},
    {"temporary hosting", "contains(//processor[@id='cloudflare-r2']/@service, 'Temporary hosting')", "true"},
    {"removed automatically", "contains(//processor[@id='cloudflare-r2']/retention, 'removed automatically')", "true"},
    {"within the same time", "//processor[@id='cloudflare-r2']/retention/@longest", "PT30M"},
    {"Google Analytics", "//processor[@id='google-analytics']/@brand", "Google Analytics"},
    {"anonymous", "contains(//processor[@id='google-analytics']/@service, 'Anonymous')", "true"},
    {"these three and nobody else", "count(//processor)", "3"},
    // the browser
    {"preferences", "count(//cookie[@class='preference'])", "1"},
    {"analytics", "count(//cookie[@class='analytics'])", "1"},
    {"personalisation", "count(//cookie[@class='personalisation'])", "1"},
    {"the visitor controls them", "count(//cookie[@consent])", "3"},
    {"and is told so", "contains(/policy/cookies/what, 'yours to switch on and off')", "true"},
    // rights
    {"stop using", "count(//right[@id='stop-using'])", "1"},
    {"what kinds of data are held", "contains(//right[@id='access']/how, 'what kinds of data we hold')", "true"},
    {"delete", "count(//right[@id='erasure'])", "1"},
    {"feedback on changes", "contains(//right[@id='feedback']/name, 'changes of this notice')", "true"},
    {"answer in 48 hours", "count(//right[not(answer[@regime='house'][@within='PT48H'])])", "0"},
    // security and change
    {"TLS", "count(//measure[contains(.,'TLS')])", "1"},
    {"staff cannot see images", "count(//measure[contains(.,'staff cannot see')])", "1"},
    {"no human access, promised", "count(//promise[@id='no-human-access' and @kind='upload'])", "1"},
    {"changes are shown prominently", "contains(/policy/changes/@by, 'prominent-notice')", "true"},
    {"on the site", "contains(/policy/changes/what, 'prominently on the site')", "true"},
    // repaired: what the published policy contradicted
    {"it does not say that nothing is shared", "count(//promise[@id='no-sharing'])", "0"},
    {"it names who gets what", "contains(//section[@id='recipients'], 'Three companies')", "true"},
    {"it does not say that there is no personal data", "count(//promise[@id='no-personal-data'])", "0"},
    {"it says that an IP address is personal data", "contains(//section[@id='data'], 'That is personal data')", "true"},
};
