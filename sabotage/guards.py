"""The guards that are taken out one at a time, each with the test that must notice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """A piece of a file that is replaced. It must stand there exactly once."""

    file: str
    guard: str
    instead: str


@dataclass(frozen=True)
class Constraint:
    """A CHECK or UNIQUE that is dropped."""

    table: str
    name: str


@dataclass(frozen=True)
class Trigger:
    """A trigger that is dropped, by its name in the model."""

    table: str
    name: str


@dataclass(frozen=True)
class Sabotage:
    name: str
    what: Code | Constraint | Trigger
    test: str


SABOTAGES = [
    Sabotage(
        "row locks off",
        Code(
            "accounts/locks.py",
            'return rows.select_for_update(of=("self",), no_key=True)',
            "return rows",
        ),
        "tests/ledger/test_at_once.py::TestLadder::test_the_locks_hold_a_ladder",
    ),
    Sabotage(
        "budget CHECK dropped",
        Constraint("subsidies_budgetline", "budget_not_overdrawn"),
        "tests/ledger/test_at_once.py::TestBudget::test_the_constraint_alone_holds_the_budget",
    ),
    Sabotage(
        "annual cap CHECK dropped",
        Constraint("subsidies_companyyear", "company_year_within_cap"),
        "tests/ledger/test_at_once.py::TestAnnualCap::test_the_constraint_alone_holds_the_cap",
    ),
    Sabotage(
        "counters may fall below zero",
        Constraint("subsidies_companyyear", "company_year_not_negative"),
        "tests/ledger/test_entries.py"
        "::test_the_database_keeps_a_companys_counters_from_falling_below_zero",
    ),
    Sabotage(
        "the engine is not asked again behind the locks",
        Code(
            "subsidies/ledger/services.py",
            "    _refuse_above_answer(application, claims, amounts)\n",
            "",
        ),
        "tests/ledger/test_ceilings.py::test_nothing_above_the_answer_is_granted",
    ),
    Sabotage(
        "parts of a fen pass",
        Code(
            "subsidies/ledger/services.py",
            "if any(amount % FEN for amount in amounts.values()):",
            "if False:",
        ),
        "tests/ledger/test_ceilings.py::test_an_award_is_never_rounded_up",
    ),
    Sabotage(
        "ledger may be edited",
        Trigger("subsidies_ledgerentry", "append_only"),
        "tests/ledger/test_entries.py::test_the_database_keeps_entries_and_awards_as_they_are",
    ),
    Sabotage(
        "awards may be edited",
        Trigger("subsidies_award", "award_stays"),
        "tests/ledger/test_entries.py::test_the_database_keeps_entries_and_awards_as_they_are",
    ),
    Sabotage(
        "awards take any status",
        Trigger("subsidies_award", "award_status_arrows"),
        "tests/ledger/test_entries.py::test_the_database_draws_an_awards_arrows_and_no_others",
    ),
    Sabotage(
        "a freeze stops nothing",
        Code(
            "subsidies/ledger/services.py",
            "    if is_frozen():\n        raise Refused(",
            "    if False:\n        raise Refused(",
        ),
        "tests/ledger/test_reconciliation.py"
        "::test_a_counter_that_was_edited_is_named_and_freezes_approvals",
    ),
    Sabotage(
        "a freeze that comes while an approval waits for its locks is not seen",
        Code(
            "subsidies/ledger/services.py",
            '    failpoint("ledger.locked")\n    refuse_while_frozen()\n',
            '    failpoint("ledger.locked")\n',
        ),
        "tests/ledger/test_reconciliation.py"
        "::test_a_freeze_that_came_while_an_approval_waited_stops_it",
    ),
    Sabotage(
        "a batch is made on a frozen ledger",
        Code(
            "disbursements/services.py",
            "    ledger.refuse_while_frozen()\n    faults = []\n",
            "    faults = []\n",
        ),
        "tests/disbursements/test_services.py"
        "::test_a_frozen_ledger_stops_making_and_approving_and_not_what_the_bank_did",
    ),
    Sabotage(
        "a batch is approved on a frozen ledger",
        Code(
            "disbursements/services.py",
            "    ledger.refuse_while_frozen()\n    batch.status",
            "    batch.status",
        ),
        "tests/disbursements/test_services.py"
        "::test_a_frozen_ledger_stops_making_and_approving_and_not_what_the_bank_did",
    ),
    Sabotage(
        "the two counters of a company's year are compared as one",
        Code(
            "subsidies/ledger/reconciliation.py",
            '~Q(capped=F("capped_by_entries"), uncapped=F("uncapped_by_entries"))',
            '~Q(capped=F("capped_by_entries") + F("uncapped_by_entries") - F("uncapped"))',
        ),
        "tests/ledger/test_reconciliation.py"
        "::test_each_counter_of_a_companys_year_is_compared_by_itself",
    ),
    Sabotage(
        "batches are not compared with awards",
        Code("disbursements/apps.py", "        COMPARISONS.append(differences)\n", ""),
        "tests/ledger/test_reconciliation.py"
        "::test_an_award_that_its_batch_tells_otherwise_of_is_named",
    ),
    Sabotage(
        "an award is granted twice",
        Constraint("subsidies_ledgerentry", "one_grant_an_award"),
        "tests/ledger/test_entries.py::test_the_database_grants_an_award_once",
    ),
    Sabotage(
        "an entry moves money between any accounts",
        Constraint("subsidies_ledgerentry", "entry_moves_as_its_kind"),
        "tests/ledger/test_entries.py::test_the_database_ties_each_kind_of_entry_to_its_accounts",
    ),
    Sabotage(
        "two awards for one claim",
        Constraint("subsidies_award", "claim_id"),
        "tests/ledger/test_entries.py::test_the_database_grants_a_claim_once",
    ),
    Sabotage(
        "more is granted than the settled cap leaves",
        Code(
            "subsidies/ledger/services.py",
            "    _refuse_above_settled(claims, amounts, years)\n",
            "",
        ),
        "tests/ledger/test_ceilings.py"
        "::TestSettledContribution::test_a_later_agreement_does_not_lift_the_settled_cap",
    ),
    Sabotage(
        "applications take any status",
        Trigger("subsidies_application", "status_arrows"),
        "tests/applications/test_statuses.py::test_the_database_draws_the_arrows_and_no_others",
    ),
    Sabotage(
        "two live applications for one matter",
        Constraint("subsidies_claim", "matter"),
        "tests/applications/test_filing.py"
        "::test_the_database_itself_keeps_one_live_application_for_one_matter",
    ),
    Sabotage(
        "receipts may be edited",
        Trigger("subsidies_receipt", "append_only"),
        "tests/applications/test_receipts.py::test_the_database_keeps_receipts_as_they_are",
    ),
    Sabotage(
        "receipts are not computed again",
        Code(
            "subsidies/applications/answers.py",
            "    now = _answer(receipt.question, tuple(receipt.editions))\n",
            "    now = receipt.answer\n",
        ),
        "tests/incidents/test_incidents.py"
        "::test_another_amount_is_an_incident_that_says_where_and_what",
    ),
    Sabotage(
        "published editions may be edited",
        Trigger("subsidies_edition", "published_is_held_fast"),
        "tests/catalogue/test_loading.py::test_a_published_edition_is_held_fast_by_the_database",
    ),
    Sabotage(
        "one person decides twice",
        Trigger("reviews_opinion", "nobody_decides_twice"),
        "tests/reviews/test_deciding.py::test_the_database_lets_nobody_decide_twice_on_a_case",
    ),
    Sabotage(
        "one decides on one's own company",
        Trigger("reviews_opinion", "not_ones_own_company"),
        "tests/reviews/test_deciding.py::test_the_database_lets_nobody_decide_on_their_own_company",
    ),
    Sabotage(
        "opinions may be edited",
        Trigger("reviews_opinion", "append_only"),
        "tests/reviews/test_deciding.py::test_the_database_keeps_opinions_as_they_are",
    ),
    Sabotage(
        "an outdated revision is decided on",
        Code(
            "reviews/services.py",
            "    _require_open(task, case, application, revision)\n",
            "",
        ),
        "tests/reviews/test_deciding.py::test_an_opinion_on_an_outdated_revision_is_refused",
    ),
    Sabotage(
        "anybody decides",
        Code(
            "reviews/services.py",
            "    principal = _require_person(task, case, by)\n",
            "    principal = None\n",
        ),
        "tests/reviews/test_deciding.py"
        "::test_a_task_is_for_its_role_in_its_department_and_nobody_else",
    ),
    Sabotage(
        "who made a batch approves it (service)",
        Code(
            "disbursements/services.py",
            "if batch.makers & {by.pk, principal and principal.pk}:",
            "if False:",
        ),
        "tests/disbursements/test_services.py::test_whoever_made_a_batch_does_not_approve_it",
    ),
    Sabotage(
        "who made a batch approves it (database)",
        Constraint("disbursements_batch", "batch_approved_by_a_second_person"),
        "tests/disbursements/test_services.py::test_the_database_wants_a_second_person_too",
    ),
    Sabotage(
        "an award on two payment lines",
        Constraint("disbursements_paymentline", "one_live_line_an_award"),
        "tests/disbursements/test_services.py::test_the_database_keeps_an_award_on_one_live_line",
    ),
    Sabotage(
        "batches take any status",
        Trigger("disbursements_batch", "batch_status_arrows"),
        "tests/disbursements/test_services.py"
        "::test_the_database_draws_a_batchs_arrows_and_no_others",
    ),
    Sabotage(
        "batches may be deleted",
        Trigger("disbursements_batch", "no_delete"),
        "tests/disbursements/test_services.py::test_the_database_deletes_no_batch",
    ),
    Sabotage(
        "whoever has the list sets its awards free again",
        Code(
            "disbursements/services.py",
            "        if holders & {by.pk, principal and principal.pk}:\n",
            "        if False:\n",
        ),
        "tests/finance/test_cancelling.py::test_whoever_has_the_list_does_not_cancel_the_batch",
    ),
    Sabotage(
        "a batch that may be at the bank is cancelled without its word",
        Code("disbursements/services.py", "        if not unpaid:\n", "        if False:\n"),
        "tests/finance/test_cancelling.py"
        "::test_a_batch_whose_list_is_out_is_cancelled_on_the_banks_word_only",
    ),
    Sabotage(
        "payees may be edited",
        Trigger("disbursements_paymentline", "payee_and_amount_stay"),
        "tests/disbursements/test_services.py"
        "::test_the_database_keeps_payees_and_amounts_as_they_were_listed",
    ),
    Sabotage(
        "one approves a payment to one's own company",
        Trigger("disbursements_batch", "not_approved_by_the_payee"),
        "tests/disbursements/test_services.py"
        "::test_the_database_too_refuses_an_approval_by_the_payee",
    ),
    Sabotage(
        "nothing is looked at before payment",
        Code(
            "disbursements/services.py",
            "    _check_before_payment(batch)\n    ledger.",
            "    ledger.",
        ),
        "tests/disbursements/test_services.py"
        "::test_a_credit_entry_that_was_listed_after_approval_blocks_the_payment",
    ),
    Sabotage(
        "a form is done as often as it is sent",
        Code(
            "accounts/submissions.py",
            "            if not is_first:\n                return _again(request, row)\n",
            "",
        ),
        "tests/finance/test_once.py"
        "::test_the_same_form_again_gets_the_same_answer_and_does_nothing",
    ),
    Sabotage(
        "a part of a form is done as often as it is sent",
        Code("accounts/submissions.py", "        if is_first:\n", "        if row:\n"),
        "tests/finance/test_bank_results.py::test_the_same_form_again_gets_the_same_answer",
    ),
    Sabotage(
        "what finance holds is not let go of",
        Code("reviews/services.py", "if verdict in BACK:", "if False:"),
        "tests/ledger/test_reserved.py::test_whoever_sends_a_case_back_lets_go_of_its_money",
    ),
    Sabotage(
        "who demands a clawback confirms it (service)",
        Code(
            "disbursements/services.py",
            "if clawback.demanders & {by.pk, principal and principal.pk}:",
            "if False:",
        ),
        "tests/disbursements/test_money_back.py"
        "::TestClawback::test_one_demands_and_another_confirms",
    ),
    Sabotage(
        "who demands a clawback confirms it (database)",
        Constraint("disbursements_clawback", "clawback_confirmed_by_a_second_person"),
        "tests/disbursements/test_money_back.py"
        "::TestClawback::test_the_database_wants_a_second_person",
    ),
    Sabotage(
        "an award is asked back twice at a time",
        Constraint("disbursements_clawback", "one_open_clawback_an_award"),
        "tests/disbursements/test_money_back.py"
        "::TestClawback::test_the_database_keeps_one_open_demand_of_an_award",
    ),
    Sabotage(
        "an award is adjusted twice at a time",
        Constraint("subsidies_adjustment", "one_open_adjustment_an_award"),
        "tests/disbursements/test_adjustments.py"
        "::test_the_database_keeps_one_open_adjustment_of_an_award",
    ),
    Sabotage(
        "who agreed to an adjustment, or their stand-in, agrees again (service)",
        Code(
            "disbursements/adjustments.py",
            "if adjustment.agreers & {by.pk, principal and principal.pk}:",
            "if False:",
        ),
        "tests/staff/test_stand_ins.py::TestSecondPeople",
    ),
    Sabotage(
        "who checked a changed account, or their stand-in, confirms it (service)",
        Code(
            "companies/services.py",
            "if change.checkers & {by.pk, principal and principal.pk}:",
            "if False:",
        ),
        "tests/staff/test_stand_ins.py::TestSecondPeople",
    ),
    Sabotage(
        "who checked a changed account, or their stand-in, confirms it (database)",
        Constraint("companies_accountchange", "account_change_confirmed_by_a_second_person"),
        "tests/staff/test_stand_ins.py::TestSecondPeople::test_the_database_counts_both",
    ),
    Sabotage(
        "one person adjusts an award",
        Constraint("subsidies_adjustment", "adjustment_done_by_a_second_person"),
        "tests/disbursements/test_adjustments.py::test_the_database_wants_a_second_person",
    ),
    Sabotage(
        "settlements may be edited",
        Trigger("subsidies_settlement", "append_only"),
        "tests/ledger/test_settlement.py::test_the_database_keeps_settlements_as_they_are",
    ),
    Sabotage(
        "the audit chain may be edited",
        Trigger("audit_entry", "append_only"),
        "tests/audit/test_chain.py::test_the_database_keeps_entries_as_they_are",
    ),
    Sabotage(
        "a job is done by whoever gets it",
        Code(
            "outbox/services.py",
            "filter(pk=job_id).select_for_update(skip_locked=True)",
            "filter(pk=job_id)",
        ),
        "tests/outbox/test_jobs.py::test_a_job_delivered_to_many_workers_at_once_is_done_once",
    ),
    Sabotage(
        "a job twice",
        Constraint("outbox_job", "job_once"),
        "tests/outbox/test_jobs.py::test_the_database_keeps_a_kind_and_key_once",
    ),
    Sabotage(
        "a mail is not noted before it goes",
        Code("outbox/mail.py", "        job.hand_over()\n", ""),
        "tests/outbox/test_mail.py"
        "::test_a_server_that_takes_the_mail_and_is_gone_is_not_sent_it_again",
    ),
    Sabotage(
        "a worker that lost its lease goes on",
        Code(
            "outbox/models.py",
            "filter(pk=self.pk, state=State.RUNNING, attempts=self.attempts)",
            "filter(pk=self.pk)",
        ),
        "tests/outbox/test_mail.py"
        "::test_a_worker_that_stood_still_for_longer_than_its_lease_sends_nothing",
    ),
    Sabotage(
        "the relay sends again what waits",
        Code("outbox/services.py", "again[: max(0, room - len(lost))]", "again"),
        "tests/outbox/test_broker.py::TestBacklog"
        "::test_what_waits_there_is_not_sent_again_while_workers_have_enough",
    ),
    Sabotage(
        "a mail in doubt is sent again",
        Code("outbox/services.py", "        if job.handed_over_at:\n", "        if False:\n"),
        "tests/outbox/test_mail.py::test_a_mail_whose_worker_died_is_left_to_a_person",
    ),
    Sabotage(
        "relays do not skip what another sends",
        Code("outbox/services.py", "due().select_for_update(skip_locked=True)", "due()"),
        "tests/outbox/test_jobs.py::TestRelay::test_two_relays_at_once_send_each_job_once",
    ),
    Sabotage(
        "files without a verdict leave the house",
        Code(
            "companies/vault/access.py",
            "return is_clean_enough(file) or is_own(file, user)",
            "return True",
        ),
        "tests/vault/test_scanning.py::test_a_file_without_a_verdict_is_its_companys_alone",
    ),
    Sabotage(
        "files are shown, not saved",
        Code("companies/vault/downloads.py", "as_attachment=True", "as_attachment=False"),
        "tests/vault/test_downloads.py",
    ),
    Sabotage(
        "import: zero bytes pass",
        Code("companies/imports/files.py", 'if b"\\0" in block:', "if False:"),
        "tests/imports/test_bad_files.py"
        "::test_a_bad_table_is_refused_whole_and_told_by_row_and_column[a zero byte]",
    ),
    Sabotage(
        "import: UTF-16 passes",
        Code(
            "companies/imports/files.py",
            "if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):",
            "if False:",
        ),
        "tests/imports/test_bad_files.py"
        "::test_a_bad_table_is_refused_whole_and_told_by_row_and_column[utf-16]",
    ),
    Sabotage(
        "import: merged cells pass",
        Code("companies/imports/files.py", '_refuse_merged(content["merged"])', "pass"),
        "tests/imports/test_bad_files.py"
        "::test_a_bad_table_is_refused_whole_and_told_by_row_and_column[merged cells over rows]",
    ),
    Sabotage(
        "import: ragged rows pass",
        Code(
            "companies/imports/plan.py",
            "elif len(texts) < self.width or any(",
            "elif False and any(",
        ),
        "tests/imports/test_bad_files.py"
        "::test_a_bad_table_is_refused_whole_and_told_by_row_and_column[a short row]",
    ),
    Sabotage(
        "import: a second header is data",
        Code(
            "companies/imports/plan.py",
            "if [cells.plain(text) for text in texts] == self.header:",
            "if False:",
        ),
        "tests/imports/test_bad_files.py"
        "::test_a_bad_table_is_refused_whole_and_told_by_row_and_column[the header twice]",
    ),
    Sabotage(
        "import: the same row twice",
        Code("companies/imports/plan.py", "if first != line.number:", "if False:"),
        "tests/imports/test_bad_files.py"
        "::test_a_bad_table_is_refused_whole_and_told_by_row_and_column[the same company twice]",
    ),
    Sabotage(
        "import: any number of rows",
        Code("companies/imports/files.py", "if taken > MAX_ROWS + 1:", "if False:"),
        "tests/imports/test_bad_files.py::test_a_table_over_the_limit_of_rows_is_refused",
    ),
    Sabotage(
        "import: the whole table is held in memory",
        Code(
            "companies/imports/plan.py",
            "for batch in _batches(walk.read(rows)):",
            "for batch in _batches(iter(list(walk.read(rows)))):",
        ),
        "tests/imports/test_writing.py::test_the_memory_of_an_import_hardly_grows_with_its_rows",
    ),
    Sabotage(
        "import: what changed since the preview is written",
        Code(
            "companies/imports/services.py",
            "if plan.faults or plan.digest != run.plan:",
            "if False:",
        ),
        "tests/imports/test_writing.py::test_what_was_not_shown_is_not_written",
    ),
    Sabotage(
        "credit: agreed past an entry",
        Code(
            "reviews/services.py",
            "faults += [finding.obstacle for finding in found if finding.obstacle]",
            "pass",
        ),
        "tests/credit/test_judging.py::test_nobody_agrees_before_an_entry_was_judged",
    ),
    Sabotage(
        "credit: a batch is made past an entry",
        Code(
            "disbursements/services.py",
            "if held := [fault for award in chosen for fault in _against(award)]:",
            "if held := []:",
        ),
        "tests/credit/test_payments.py"
        "::test_an_entry_stops_every_step_naming_company_document_and_clause",
    ),
    Sabotage(
        "credit: a batch is approved past an entry",
        Code("disbursements/services.py", "        faults.extend(_against(line.award))\n", ""),
        "tests/credit/test_payments.py"
        "::test_an_entry_stops_every_step_naming_company_document_and_clause",
    ),
    Sabotage(
        "credit: a batch is paid past an entry",
        Code(
            "disbursements/services.py", "if faults := held(batch, by_day=on):", "if faults := []:"
        ),
        "tests/credit/test_payments.py"
        "::test_an_entry_stops_every_step_naming_company_document_and_clause",
    ),
    Sabotage(
        "credit: a held list leaves the house",
        Code("disbursements/views.py", "if held := services.held(batch):", "if held := []:"),
        "tests/credit/test_payments.py::test_the_list_of_a_held_batch_does_not_leave_the_house",
    ),
    Sabotage(
        "credit: what ran out still stands",
        Code(
            "companies/models.py",
            "Q(valid_until__isnull=True) | Q(valid_until__gte=day),",
            "",
        ),
        "tests/credit/test_entries.py"
        "::test_an_entry_stands_until_the_day_before_its_repair_and_on_its_last_day",
    ),
    Sabotage(
        "credit: every source counts",
        Code(
            "companies/models.py",
            '.exclude(~Q(number="") & ~Q(source=CREDIT_CHINA) & Exists(told_better))',
            "",
        ),
        "tests/credit/test_entries.py::test_where_sources_differ_credit_china_has_the_last_word",
    ),
    Sabotage(
        "credit: repaired entries are shown",
        Code(
            "companies/models.py",
            "keepers | (seen & Q(pk__in=CreditEntry.objects.standing_on(day)))",
            "keepers | seen",
        ),
        "tests/credit/test_entries.py::test_officials_see_what_stands",
    ),
    Sabotage(
        "credit: anybody judges",
        Code("reviews/credit.py", "    if not may_judge(case, by):\n", "    if False:\n"),
        "tests/credit/test_judging.py::test_only_whose_task_it_is_judges",
    ),
    Sabotage(
        "credit: anybody sets rules",
        Code(
            "subsidies/credit/services.py",
            "if document.district_id not in by.district_ids(*RULE_ROLES):",
            "if False:",
        ),
        "tests/credit/test_rules.py"
        "::test_only_policy_officers_and_administrators_of_the_district_set_rules",
    ),
    Sabotage(
        "credit: a receipt forgets its entries",
        Code(
            "subsidies/applications/answers.py",
            "    if not _is_about_its_credit(receipt):\n",
            "    if False:\n",
        ),
        "tests/credit/test_rules.py::test_entries_that_the_question_does_not_ask_with_are_told",
    ),
    Sabotage(
        "an officer holds a second office (database)",
        Trigger("accounts_appointment", "officers_hold_one_office"),
        "tests/staff/test_officers.py::test_the_database_gives_an_officer_no_second_office",
    ),
    Sabotage(
        "an officer holds a second office (page)",
        Code("accounts/models.py", "        if other:\n", "        if False:\n"),
        "tests/staff/test_officers.py::test_no_page_gives_an_officer_a_second_office",
    ),
    Sabotage(
        "one appoints oneself",
        Constraint("accounts_appointment", "nobody_appoints_themselves"),
        "tests/staff/test_officers.py::test_the_database_lets_nobody_appoint_themselves",
    ),
    Sabotage(
        "anybody stands in for anybody",
        Trigger("accounts_standin", "lawful_stand_in"),
        "tests/staff/test_stand_ins.py::TestGiving",
    ),
    Sabotage(
        "one makes oneself a stand-in",
        Constraint("accounts_standin", "nobody_makes_themselves_a_stand_in"),
        "tests/staff/test_stand_ins.py::TestGiving::test_nobody_makes_themselves_a_stand_in",
    ),
    Sabotage(
        "a stand-in decides where the principal may not",
        Code(
            "reviews/services.py",
            "if principal and not is_free(case, principal):",
            "if False:",
        ),
        "tests/staff/test_stand_ins.py::TestDeciding",
    ),
    Sabotage(
        "one decides after declaring a conflict (service)",
        Code(
            "reviews/services.py",
            "    if case.recusals.filter(person=by).exists():\n        raise NotAllowed",
            "    if False:\n        raise NotAllowed",
        ),
        "tests/staff/test_recusal.py::TestRecusal",
    ),
    Sabotage(
        "one decides after declaring a conflict (database)",
        Trigger("reviews_opinion", "not_after_recusal"),
        "tests/staff/test_recusal.py::TestRecusal::test_the_database_takes_no_opinion_after_it",
    ),
    Sabotage(
        "who approved an award pays it (service)",
        Code("disbursements/services.py", "    if approved:\n", "    if False:\n"),
        "tests/staff/test_recusal.py::TestMoney::test_they_make_approve_and_pay_no_batch",
    ),
    Sabotage(
        "who approved an award approves its batch (database)",
        Trigger("disbursements_batch", "not_approved_by_the_payee"),
        "tests/staff/test_recusal.py::TestMoney::test_nor_past_the_service",
    ),
    Sabotage(
        "who declared a conflict pays (service)",
        Code("disbursements/services.py", "    if recusal:\n", "    if False:\n"),
        "tests/staff/test_recusal.py::TestPaying",
    ),
    Sabotage(
        "who declared a conflict notes a payment (database)",
        Trigger("disbursements_batch", "not_paid_by_the_payee"),
        "tests/staff/test_recusal.py::TestPaying::test_the_database_lets_them_note_no_payment",
    ),
    Sabotage(
        "locked accounts get in",
        Code("config/settings.py", '    "axes.backends.AxesStandaloneBackend",\n', ""),
        "tests/signing_in/test_guessing.py"
        "::test_after_five_failures_even_the_right_password_is_refused",
    ),
    Sabotage(
        "every spelling of a name has its own tries",
        Code("accounts/signing_in/lockout.py", "    if user:\n        return user.username\n", ""),
        "tests/signing_in/test_guessing.py::test_the_mail_address_counts_as_the_name",
    ),
    Sabotage(
        "one address tries a thousand accounts",
        Code("config/settings.py", '    "sign_in_failed": f"50/{LOCK_MINUTES}m/ip",\n', ""),
        "tests/signing_in/test_guessing.py::test_one_address_cannot_try_a_thousand_accounts",
    ),
    Sabotage(
        "a sign-in without doing anything stays",
        Code(
            "accounts/signing_in/middleware.py",
            "if now - request.session.get(SEEN_AT, 0) >= limit.total_seconds():",
            "if now < 0:",
        ),
        "tests/signing_in/test_sessions.py"
        "::test_a_sign_in_ends_after_a_while_without_doing_anything",
    ),
    Sabotage(
        "a sign-in lasts for ever",
        Code(
            "accounts/signing_in/middleware.py",
            "if now - request.session.get(SIGNED_IN_AT, 0) >= lifetime.total_seconds():",
            "if now < 0:",
        ),
        "tests/signing_in/test_sessions.py"
        "::test_a_session_that_does_not_say_when_it_began_has_ended",
    ),
    Sabotage(
        "staff go on without a second factor",
        Code("config/settings.py", '    "accounts.signing_in.middleware.FirstSteps",\n', ""),
        "tests/signing_in/test_second_factor.py::test_staff_set_it_up_before_anything_else",
    ),
    Sabotage(
        "a batch is approved by whoever sits at the desk",
        Code(
            "accounts/access.py",
            "if is_fresh(request) or gave_password(request):",
            "if request is not None:",
        ),
        "tests/signing_in/test_asking_again.py"
        "::test_a_batch_is_approved_only_by_somebody_who_just_gave_the_password",
    ),
    Sabotage(
        "signing in leads to another site",
        Code(
            "accounts/signing_in/adapters.py",
            "return is_own_page(context.request, url)",
            "return True",
        ),
        "tests/signing_in/test_addresses.py::test_signing_in_leads_to_no_other_site",
    ),
    Sabotage(
        "mails repeat the host that a request names",
        Code(
            "accounts/signing_in/address.py",
            'return f"{settings.BASE_URL}{path}"',
            'return f"https://evil.example{path}"',
        ),
        "tests/signing_in/test_addresses.py"
        "::test_a_mail_names_the_installation_and_not_the_host_of_the_request",
    ),
    Sabotage(
        "forged forms are taken",
        Code("config/settings.py", '    "django.middleware.csrf.CsrfViewMiddleware",\n', ""),
        "tests/signing_in/test_forgery.py::test_nothing_is_taken_without_its_token",
    ),
    Sabotage(
        "an anchor without its seal is believed",
        Code(
            "audit/anchors.py",
            "return anchor if is_sealed(anchor.text, found) else None",
            "return anchor",
        ),
        "tests/audit/test_anchors.py::test_an_anchor_that_was_touched_is_named",
    ),
    Sabotage(
        "a file of anchors that was taken away is begun anew in silence",
        Code("audit/anchors.py", 'lost = "" if anew else lost_anchors(lines)', 'lost = ""'),
        "tests/audit/test_anchors.py"
        "::test_anchors_that_are_gone_are_missed_and_not_hidden_by_the_next",
    ),
    Sabotage(
        "two beats work at once",
        Code(
            "outbox/beat.py",
            "return self._send_due() if _is_the_one() else LOOK_AGAIN",
            "return self._send_due() if [_is_the_one()] else LOOK_AGAIN",
        ),
        "tests/outbox/test_beat.py::test_of_two_beats_at_once_one_works",
    ),
    Sabotage(
        "a damaged backup is restored",
        Code(
            "operations/restore.py",
            "if faults := [*manifest.faults(source), *_misfits(manifest)]:",
            "if faults := []:",
        ),
        "tests/operations/test_backup.py"
        "::test_a_damaged_part_is_refused_before_anything_is_touched",
    ),
    Sabotage(
        "a backup sealed with another key is restored",
        Code(
            "operations/manifest.py",
            "if not is_sealed(_canonical(content), str(found)):",
            "if False:",
        ),
        "tests/operations/test_backup.py::test_a_backup_sealed_with_another_key_is_refused",
    ),
    Sabotage(
        "metrics are for everybody",
        Code("operations/metrics.py", "        raise PermissionDenied\n", "        pass\n"),
        "tests/operations/test_status.py::TestMetrics",
    ),
    Sabotage(
        "whoever went over in a merge is a stranger to the awards that stayed",
        Code(
            "companies/models.py",
            "return self.filter(Q(pk__in=theirs) | Q(merged_into__in=theirs))",
            "return self.filter(pk__in=theirs)",
        ),
        "tests/merging/test_merged_money.py::TestStrangers::test_they_pay_nothing_of_it",
    ),
    Sabotage(
        "payees are no strangers, past the service",
        Trigger("disbursements_paymentline", "not_made_by_the_payee"),
        "tests/merging/test_merged_money.py::TestStrangers::test_nor_past_the_service",
    ),
    Sabotage(
        "a settlement freezes nothing",
        Code(
            "subsidies/ledger/settlement.py",
            "        freeze(company, year)\n",
            "        pass\n",
        ),
        "tests/ledger/test_settlement.py::test_a_settlement_freezes_the_figure_it_rests_on",
    ),
    Sabotage(
        "a payment does not hold its person",
        Code(
            "disbursements/services.py",
            '    list(locked(User.objects.filter(pk__in=names)).order_by("pk"))\n',
            "",
        ),
        "tests/staff/test_recusal.py::test_a_payment_waits_for_a_conflict_that_its_person_declares",
    ),
    Sabotage(
        "a conflict does not hold its person",
        Code("reviews/services.py", "    locked(User.objects.filter(pk=by.pk)).get()\n", ""),
        "tests/staff/test_recusal.py::test_a_payment_waits_for_a_conflict_that_its_person_declares",
    ),
    Sabotage(
        "the database's auditor reads every table",
        Code("operations/roles.py", "if each._meta.app_label in AUDITED", ""),
        "tests/operations/test_roles.py"
        "::test_nothing_lets_the_auditor_be_somebody_else_or_read_their_mail",
    ),
    Sabotage(
        "adjustments are locked before awards",
        Code("disbursements/adjustments.py", "    ledger.lock_awards([adjustment.award])\n", ""),
        "tests/ledger/test_lock_order.py",
    ),
    Sabotage(
        "somebody joins by their own hand",
        Constraint("companies_member", "nobody_joins_by_their_own_hand"),
        "tests/team/test_team.py::test_the_database_lets_nobody_join_by_their_own_hand",
    ),
    Sabotage(
        "an administrator is a stranger to the companies they merge",
        Code(
            "companies/merging/services.py",
            "    access.require_stranger(kept.rows() | removed.rows(), [by])\n",
            "",
        ),
        "tests/merging/test_merging.py::test_nobody_merges_their_own_way_into_a_company",
    ),
    Sabotage(
        "somebody merges their own way into a company, past the service",
        Trigger("companies_merge", "not_merged_by_its_people"),
        "tests/merging/test_merging.py::test_the_database_refuses_a_merge_by_one_of_its_people",
    ),
    Sabotage(
        "somebody decides on their own registration",
        Constraint("companies_registration", "nobody_decides_on_their_own_registration"),
        "tests/registration/test_registering.py"
        "::test_the_database_lets_nobody_decide_on_their_own_registration",
    ),
    Sabotage(
        "a company has two legal representatives",
        Constraint("companies_member", "one_legal_representative"),
        "tests/team/test_team.py::test_the_database_keeps_one_legal_representative",
    ),
    Sabotage(
        "a licence serves two registrations",
        Constraint("companies_registration", "one_registration_of_a_licence"),
        "tests/registration/test_registering.py::test_the_database_lets_a_licence_serve_once",
    ),
    Sabotage(
        "a settled figure takes another paper",
        Trigger("companies_yearlyfigure", "frozen_figure_stays"),
        "tests/profile/test_evidence.py"
        "::test_the_database_lets_nothing_but_a_first_paper_to_a_settled_figure",
    ),
    Sabotage(
        "administrators give the paper of a contribution",
        Code(
            "companies/profile/evidence.py",
            "            return Role.FINANCE\n",
            "            return Role.ADMINISTRATOR\n",
        ),
        "tests/profile/test_evidence.py::test_the_service_asks_who_keeps_the_figure_too",
    ),
    Sabotage(
        "held money makes no account wait",
        Code("subsidies/ledger/services.py", "*held.filter(held__gt=0)", "*held.none()"),
        "tests/profile/test_accounts.py"
        "::test_money_that_is_held_for_the_company_makes_a_change_wait_as_well",
    ),
    Sabotage(
        "late acks off",
        Code(
            "config/settings.py",
            "CELERY_TASK_ACKS_LATE = True",
            "CELERY_TASK_ACKS_LATE = False",
        ),
        "tests/config/test_serving.py"
        "::test_a_job_whose_process_was_killed_comes_again_and_is_finished",
    ),
    Sabotage(
        "what a lost worker held is acknowledged",
        Code(
            "config/settings.py",
            "CELERY_TASK_REJECT_ON_WORKER_LOST = True",
            "CELERY_TASK_REJECT_ON_WORKER_LOST = False",
        ),
        "tests/config/test_serving.py"
        "::test_a_job_whose_process_was_killed_comes_again_and_is_finished",
    ),
    Sabotage(
        "upload: an archive behind a picture",
        Code(
            "companies/files.py", "    if zipfile.is_zipfile(content):\n        return False\n", ""
        ),
        "tests/applications/test_files.py"
        "::test_a_hostile_file_is_refused_and_nothing_is_kept[picture with a program]",
    ),
    Sabotage(
        "upload: a page in a picture",
        Code("companies/files.py", "    if MARKUP.search(content.read()):\n", "    if False:\n"),
        "tests/applications/test_files.py"
        "::test_a_hostile_file_is_refused_and_nothing_is_kept[picture with a page]",
    ),
    Sabotage(
        "upload: a page as PDF",
        Code("companies/files.py", " and not MARKUP.search(head + tail)", ""),
        "tests/applications/test_files.py"
        "::test_a_hostile_file_is_refused_and_nothing_is_kept[pdf that begins as a page]",
    ),
    Sabotage(
        "upload: a PDF without its end",
        Code("companies/files.py", ' and b"%%EOF" in tail', ""),
        "tests/applications/test_files.py"
        "::test_a_hostile_file_is_refused_and_nothing_is_kept[pdf without an end]",
    ),
    Sabotage(
        "upload: a PNG goes on behind its end",
        Code("companies/files.py", 'image.format != "PNG" or len(content.read()) == 4', "True"),
        "tests/applications/test_files.py"
        "::test_a_hostile_file_is_refused_and_nothing_is_kept[drawing with anything]",
    ),
    Sabotage(
        "upload: the ending alone says what it is",
        Code("companies/files.py", "return found == CONTENT_TYPES[ending] and", "return"),
        "tests/applications/test_files.py"
        "::test_a_hostile_file_is_refused_and_nothing_is_kept[jpeg as png]",
    ),
    Sabotage(
        "upload: any number of pixels",
        Code(
            "companies/files.py",
            "return width * height <= MAX_PIXELS and is_whole",
            "return is_whole",
        ),
        "tests/applications/test_files.py"
        "::test_a_hostile_file_is_refused_and_nothing_is_kept[just too many pixels]",
    ),
    Sabotage(
        "upload: an entry explodes",
        Code(
            "companies/files.py",
            "entry.file_size <= SMALL_ENTRY or entry.file_size <= MAX_RATIO * entry.compress_size",
            "True",
        ),
        "tests/applications/test_files.py"
        "::test_a_hostile_file_is_refused_and_nothing_is_kept[zip bomb]",
    ),
    Sabotage(
        "upload: all entries together explode",
        Code(
            "companies/files.py",
            "sum(entry.file_size for entry in entries) <= MAX_UNPACKED",
            "True",
        ),
        "tests/applications/test_files.py"
        "::test_a_package_is_refused_for_what_all_of_it_would_unpack_to",
    ),
    Sabotage(
        "upload: any number of entries",
        Code("companies/files.py", "len(entries) <= MAX_ENTRIES", "True"),
        "tests/applications/test_files.py"
        "::test_a_hostile_file_is_refused_and_nothing_is_kept[too many entries]",
    ),
    Sabotage(
        "upload: entries leave their folder",
        Code("companies/files.py", '".." not in path.parts', "True"),
        "tests/applications/test_files.py"
        "::test_a_hostile_file_is_refused_and_nothing_is_kept[way out]",
    ),
    Sabotage(
        "upload: links in a package",
        Code("companies/files.py", "not stat.S_ISLNK(entry.external_attr >> 16)", "True"),
        "tests/applications/test_files.py"
        "::test_a_hostile_file_is_refused_and_nothing_is_kept[a link]",
    ),
    Sabotage(
        "upload: sealed entries",
        Code("companies/files.py", "not entry.flag_bits & 0x1", "True"),
        "tests/applications/test_files.py"
        "::test_a_hostile_file_is_refused_and_nothing_is_kept[encrypted]",
    ),
    Sabotage(
        "upload: names keep their folders",
        Code("companies/files.py", r'name.replace("\\", "/").rsplit("/", 1)[-1]', "name"),
        "tests/applications/test_files.py"
        "::test_a_hostile_name_is_shown_harmless_and_never_used_as_a_path",
    ),
    Sabotage(
        "upload: names keep hidden signs",
        Code("companies/files.py", "for sign in base if sign.isprintable()", "for sign in base"),
        "tests/applications/test_files.py"
        "::test_a_hostile_name_is_shown_harmless_and_never_used_as_a_path",
    ),
    Sabotage(
        "upload: a file over the limit",
        Code("companies/files.py", "    if size > limit:\n", "    if False:\n"),
        "tests/applications/test_files.py::test_the_limit_is_kept_to_the_byte",
    ),
    Sabotage(
        "upload: a request over the limit",
        Code(
            "companies/vault/uploads.py",
            "if content_length > settings.REQUEST_MAX_BYTES:",
            "if False:",
        ),
        "tests/vault/test_vault.py::test_a_request_that_is_too_long_is_refused_before_it_is_read",
    ),
    Sabotage(
        "upload: a request without its length",
        Code("config/middleware.py", 'if "HTTP_TRANSFER_ENCODING" in request.META:', "if False:"),
        "tests/vault/test_broken_uploads.py",
    ),
    Sabotage(
        "upload: what broke off stays on the disk",
        Code("config/settings.py", '    "companies.vault.uploads.ClearUploads",\n', ""),
        "tests/vault/test_broken_uploads.py",
    ),
    Sabotage(
        "upload: half of it is kept",
        Code("config/worker.py", "if not data or not self.patience:", "if not self.patience:"),
        "tests/vault/test_broken_uploads.py",
    ),
    Sabotage(
        "slow clients are waited for",
        Code(
            "config/worker.py",
            "self.patience if own_limit is None else min(self.patience, own_limit)",
            "own_limit",
        ),
        "tests/config/test_slow_clients.py"
        "::test_others_are_answered_while_slow_clients_hold_every_thread",
    ),
    Sabotage(
        "strangers: contacts of every company",
        Code(
            "companies/views.py",
            "contact = get_object_or_404(Contact, pk=pk, company=company) if pk else None",
            "contact = get_object_or_404(Contact, pk=pk) if pk else None",
        ),
        "tests/permissions/test_matrix.py::test_every_role_gets_its_answer[contact_edit GET other]",
    ),
    Sabotage(
        "strangers: imports of every district",
        Code(
            "companies/imports/models.py",
            "Q(kind=kind, district__in=user.district_ids(*roles))",
            "Q(kind=kind)",
        ),
        "tests/permissions/test_matrix.py"
        "::test_every_role_gets_its_answer[import_detail GET foreign]",
    ),
    Sabotage(
        "administrators import contributions",
        Code(
            "companies/imports/access.py",
            "ImportKind.FISCAL: (Role.FINANCE,),",
            "ImportKind.FISCAL: (Role.FINANCE, Role.ADMINISTRATOR),",
        ),
        "tests/permissions/test_matrix.py"
        "::test_every_role_gets_its_answer[import_detail GET fiscal]",
    ),
    Sabotage(
        "strangers: cases of every district",
        Code(
            "subsidies/applications/models.py",
            "| Q(district__in=districts)",
            "| ~Q(district=None)",
        ),
        "tests/permissions/test_matrix.py"
        "::test_every_role_gets_its_answer[case_detail GET foreign]",
    ),
    Sabotage(
        "strangers: batches of every district",
        Code(
            "disbursements/models.py",
            "self.filter(district__in=user.district_ids(Role.FINANCE, Role.AUDITOR))",
            "self.all()",
        ),
        "tests/permissions/test_matrix.py"
        "::test_every_role_gets_its_answer[batch_detail GET foreign]",
    ),
    Sabotage(
        "officers configure every district",
        Code(
            "accounts/admin.py",
            'return rows.filter(**{f"{path}__in": person.district_ids(*KEEPERS)})',
            "return rows",
        ),
        "tests/permissions/test_matrix.py"
        "::test_every_role_gets_its_answer[admin:companies_company_change GET foreign]",
    ),
    Sabotage(
        "officials see the companies of every district",
        Code(
            "companies/models.py",
            "return self.filter(Q(pk__in=own) | Q(district__in=user.district_ids()))",
            "return self.filter(Q(pk__in=own) | ~Q(district=None))",
        ),
        "tests/permissions/test_visibility.py::test_officials_see_the_companies_of_their_district",
    ),
    Sabotage(
        "officials open the companies of every district",
        Code(
            "companies/models.py",
            "return self.filter(district__in=user.district_ids())",
            "return self.all()",
        ),
        "tests/permissions/test_matrix.py"
        "::test_every_role_gets_its_answer[company_detail GET foreign]",
    ),
    Sabotage(
        "an office that was given is made another",
        Code(
            "accounts/admin.py",
            'given = ("user", "department", "role") if obj is not None else ()',
            "given = ()",
        ),
        "tests/staff/test_mass_assignment.py"
        "::test_an_office_that_was_given_is_ended_and_never_made_another",
    ),
    Sabotage(
        "an officer makes somebody a superuser",
        Code(
            "accounts/admin.py",
            '"fields": ("name", "email", "is_active")',
            '"fields": ("name", "email", "is_active", "is_superuser")',
        ),
        "tests/staff/test_mass_assignment.py::test_a_security_officer_makes_nobody_a_superuser",
    ),
    Sabotage(
        "nobody signs an appointment",
        Code("accounts/admin.py", "obj.appointed_by = person_of(request)", "pass"),
        "tests/staff/test_mass_assignment.py::test_an_appointment_is_signed_by_who_made_it",
    ),
]
