// SPDX-License-Identifier: ISC
// A finished set in words: the members that other programs rely on, the two texts in the archive, and a ledger event without the visitor.
#include "fcgi/generate/outcome.h"
#include "policy/base/json.h"
#include "tests/unit/test.h"

static const struct provider model = {.id = "azure-openai"}, program = {.id = "sketch", .preview = true};
static const struct processor azure = {"azure-openai", "Example Ireland Limited", &model, true, false, false, false, NULL},
			      sketch = {"sketch", "Built in", &program, true, false, false, false, NULL};
static struct policy policy = {.shown_as = "BizImages", .language = "en"};
static struct generator generator = {.policy = &policy};

// Two pictures made, one missing.
static struct set made(const struct processor *by)
{
	struct set s = {.g = &generator,
			.policy = &policy,
			.receipt = "RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR",
			.token = "TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT",
			.input = {.count = 3, .size = "1024x1024", .style = "photo", .width = 1024, .height = 1024},
			.text = {.at = {&azure, &sketch}, .count = 2},
			.image = {.at = {by}, .count = 1},
			.written_by = &azure,
			.archive = ARCHIVE_INIT,
			.archive_bytes = 12345,
			.expires = 1795323600};

	s.pictures = calloc(s.input.count, sizeof *s.pictures);
	assert_non_null(s.pictures);
	s.input.description = BUF_INIT(100);
	buf_adds(&s.input.description, "A secret bakery");
	for (unsigned i = 0; i < 2; i++) {
		s.pictures[i] = (struct picture){
		    .state = PICTURE_MADE, .prompt = strdup("A \"loaf\" of bread"), .by = by, .at = {"image/png", 100 * i, 99}};
		archive_image_name(s.pictures[i].name, sizeof s.pictures[i].name, i, "photo", "image/png");
	}
	s.pictures[2] = (struct picture){.state = PICTURE_MISSING, .reason = "missing.filtered"};
	return s;
}

static void assert_json(const cJSON *value, const char *expected)
{
	BUF_AUTO struct buf text = BUF_INIT(10000);

	assert_int_equal(json_print(&text, value), 0);
	assert_string_equal(buf_text(&text), expected);
}

static void the_answer_has_its_members(void **state)
{
	struct set s = made(&azure);

	(void)state;
	JSON_AUTO cJSON *record = outcome_record(&s), *whole = outcome_json(record, &policy, s.receipt, s.expires);
	assert_json(json_get(record, "pictures"), "[{\"index\":0,\"type\":\"image/png\",\"preview\":false,\"offset\":0,\"bytes\":99},"
						  "{\"index\":1,\"type\":\"image/png\",\"preview\":false,\"offset\":100,\"bytes\":99}]");
	JSON_AUTO cJSON *picture = outcome_picture_json(json_get(record, "pictures")->child->next, "PPP");
	assert_json(picture, "{\"index\":1,\"type\":\"image/png\",\"preview\":false,\"bytes\":99,\"url\":\"/pictures/PPP-2\"}");
	assert_string_equal(json_string(whole, "receipt"), s.receipt);
	assert_json(json_get(whole, "archive"), "{\"url\":\"/downloads/DDhaJI2z2UELJ19qh9iKCWowroOyofInl7nbrjUO3vs.zip\",\"bytes\":12345,"
						"\"expires\":\"2026-11-22T05:00:00Z\"}");
	assert_json(json_get(whole, "missing"), "[{\"index\":2,\"reason\":\"the safety filter of the image service refused it\"}]");
	assert_json(json_get(whole, "processor"),
		    "{\"id\":\"azure-openai\",\"name\":\"Example Ireland Limited\",\"preview\":false,\"prompts\":\"azure-openai\"}");
	BUF_AUTO struct buf kept = BUF_INIT(10000);
	json_print(&kept, record); // what is stored says nothing of the visitor's
	assert_null(strstr(buf_text(&kept), "loaf"));
	assert_null(strstr(buf_text(&kept), "bakery"));
	assert_null(strstr(buf_text(&kept), s.receipt));
	set_free(&s);
}

static void a_preview_is_called_one(void **state)
{
	struct set s = made(&sketch);
	BUF_AUTO struct buf readme = BUF_INIT(10000);

	(void)state;
	JSON_AUTO cJSON *event = outcome_record(&s);
	assert_true(cJSON_IsTrue(json_get(json_get(event, "processor"), "preview")));
	assert_int_equal(outcome_readme(&s, &readme), 0);
	assert_non_null(strstr(readme.data, "All of these pictures are previews"));
	assert_non_null(strstr(readme.data, "\"algorithmicMedia\""));
	assert_null(strstr(readme.data, "made by AI"));
	assert_non_null(strstr(readme.data, "1 of 3"));
	set_free(&s);
}

static void a_mixed_set_tells_its_pictures_apart(void **state)
{
	struct set s = made(&azure);
	BUF_AUTO struct buf readme = BUF_INIT(10000);

	(void)state;
	s.pictures[1].by = &sketch;
	assert_int_equal(outcome_readme(&s, &readme), 0);
	assert_non_null(strstr(readme.data, "Some of these pictures are previews"));
	assert_non_null(strstr(readme.data, "Each other picture says in its metadata that it was made by AI"));
	assert_non_null(strstr(readme.data, "\"algorithmicMedia\""));
	set_free(&s);
}

static void the_archive_says_which_prompt_made_which_file(void **state)
{
	struct set s = made(&azure);
	BUF_AUTO struct buf prompts = BUF_INIT(10000), readme = BUF_INIT(10000);
	struct err e = {0};

	(void)state;
	assert_int_equal(outcome_prompts(&s, &prompts), 0);
	JSON_AUTO cJSON *o = json_parse(prompts.data, prompts.len - 1, &e); // without the newline
	assert_non_null(o);
	const cJSON *pictures = json_get(o, "pictures");
	assert_int_equal(cJSON_GetArraySize(pictures), 3);
	assert_string_equal(json_string(cJSON_GetArrayItem(pictures, 1), "file"), "images/02-photo.png");
	assert_string_equal(json_string(cJSON_GetArrayItem(pictures, 1), "prompt"), "A \"loaf\" of bread");
	assert_string_equal(json_string(cJSON_GetArrayItem(pictures, 2), "missing"), "the safety filter of the image service refused it");
	assert_null(strstr(prompts.data, s.receipt)); // who is handed the ZIP does not get the right to erase
	assert_int_equal(outcome_readme(&s, &readme), 0);
	assert_null(strstr(readme.data, "previews"));
	assert_non_null(strstr(readme.data, "Each picture says in its metadata that it was made by AI"));
	assert_null(strstr(readme.data, s.receipt));
	set_free(&s);
}

static void the_ledger_learns_the_plan_and_nothing_about_the_visitor(void **state)
{
	struct set s = made(&azure);

	(void)state;
	JSON_AUTO cJSON *plan = outcome_plan(&s);
	assert_json(plan,
		    "{\"text\":[\"azure-openai\",\"sketch\"],\"image\":[\"azure-openai\"],\"kinds\":[\"input\",\"prompt\"],\"count\":3}");
	set_free(&s);
}

static void a_page_is_told_from_a_description(void **state)
{
	struct set s = made(&azure);

	(void)state;
	assert_int_equal(outcome_text_kinds(&s), KIND_BIT(KIND_INPUT));
	s.input.url = BUF_INIT(100);
	buf_adds(&s.input.url, "https://example.com/");
	assert_int_equal(outcome_text_kinds(&s), KIND_BIT(KIND_PAGE));
	set_free(&s);
}

static void a_freed_set_holds_nothing(void **state)
{
	struct set s = made(&azure), empty = {0};

	(void)state;
	set_free(&s);
	assert_memory_equal(&s, &empty, sizeof s);
}

static void without_a_usable_processor_the_built_in_one_draws(void **state)
{
	struct processor declared[] = {{"azure-openai", "", &model, false, false, false, false, NULL},
				       {"sketch", "", &program, true, false, false, false, NULL}};

	(void)state;
	struct chain c = generator_chain(declared, 2, NULL);
	assert_int_equal(c.count, 1);
	assert_string_equal(c.at[0]->id, "sketch");
	c = generator_chain(declared, 1, NULL); // but only where the policy names it
	assert_int_equal(c.count, 0);
	declared[0].usable = true;
	c = generator_chain(declared, 2, NULL);
	assert_int_equal(c.count, 2);
	assert_string_equal(c.at[0]->id, "azure-openai");
	c = generator_chain(declared, 1, NULL); // who is not named as backup is none
	assert_int_equal(c.count, 1);
}

static void who_is_to_be_chosen_is_asked_only_when_chosen(void **state)
{
	struct generator g = {.image = {{"azure-openai", "", &model, true, true, false, false, NULL},
					{"sketch", "", &program, true, false, false, false, NULL}},
			      .image_count = 2};

	(void)state;
	struct chain c = generator_chain(g.image, 2, NULL);
	assert_int_equal(c.count, 1);
	assert_string_equal(c.at[0]->id, "sketch");
	c = generator_chain(g.image, 2, "azure-openai");
	assert_int_equal(c.count, 2);
	assert_true(generator_needs_choice(&g));
	g.image[0].usable = false; // nobody is there to be chosen
	assert_false(generator_needs_choice(&g));
	g.image[0] = (struct processor){"azure-openai", "", &model, true, false, false, false, NULL};
	g.image[1].choice = true;
	assert_false(generator_needs_choice(&g)); // the first is asked without a choice
}

static void everybody_who_was_sent_something_is_named(void **state)
{
	struct set s = made(&sketch);
	struct peer_work text = {.by = &azure, .kinds = KIND_BIT(KIND_INPUT), .task = {.step = PROVIDER_ENDED}, .sent = true},
			 image = {.by = &azure, .kinds = KIND_BIT(KIND_PROMPT), .task = {.step = PROVIDER_ENDED}, .sent = false},
			 here = {.by = &sketch, .task = {.step = PROVIDER_ENDED}};

	(void)state;
	s.recipients = calloc(2, sizeof *s.recipients); // as when the chains are chosen
	assert_non_null(s.recipients);
	text.task.result = image.task.result = PROVIDER_LIMITED;
	set_note_recipient(&s, &here);
	set_note_recipient(&s, &image); // refused here, so nothing left
	assert_int_equal(s.recipient_count, 0);
	set_note_recipient(&s, &text);
	image.sent = true;
	set_note_recipient(&s, &image);
	JSON_AUTO cJSON *record = outcome_record(&s), *whole = outcome_json(record, &policy, s.receipt, s.expires);
	assert_json(json_get(record, "sent_to"),
		    "[{\"id\":\"azure-openai\",\"name\":\"Example Ireland Limited\",\"kinds\":[\"input\",\"prompt\"],"
		    "\"failure\":\"sent.limited\"}]");
	assert_string_equal(json_string(json_get(whole, "sent_to")->child, "failure"), "it has too much to do");
	image.task.result = PROVIDER_OK; // another picture of the set
	set_note_recipient(&s, &image);
	image.task.result = PROVIDER_FILTERED;
	set_note_recipient(&s, &image);
	JSON_AUTO cJSON *list = outcome_recipients(&s);
	assert_int_equal(cJSON_GetArraySize(list), 1);
	assert_true(cJSON_IsNull(json_get(list->child, "failure")));
	set_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_answer_has_its_members),
	    cmocka_unit_test(a_preview_is_called_one),
	    cmocka_unit_test(a_mixed_set_tells_its_pictures_apart),
	    cmocka_unit_test(the_archive_says_which_prompt_made_which_file),
	    cmocka_unit_test(the_ledger_learns_the_plan_and_nothing_about_the_visitor),
	    cmocka_unit_test(a_page_is_told_from_a_description),
	    cmocka_unit_test(a_freed_set_holds_nothing),
	    cmocka_unit_test(without_a_usable_processor_the_built_in_one_draws),
	    cmocka_unit_test(who_is_to_be_chosen_is_asked_only_when_chosen),
	    cmocka_unit_test(everybody_who_was_sent_something_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
