using System.Diagnostics;
using System.Globalization;
using Platform.Testing;

namespace Portico.Faults;

/// <summary>A guard taken out of the product, and the tests that must notice.</summary>
/// <param name="Tests">A fixture of this project, or a fixture or test of <paramref name="Project"/>: what its full name holds.</param>
/// <param name="Edits">File, the guard's text, what stands there without it. A text that is not found exactly once means that this list is out of date.</param>
internal sealed record Mutant(string Name, string Guard, string Tests, IReadOnlyList<(string File, string Text, string Without)> Edits, string Project = "Faults")
{
    const string Payments = "Platform.Payments.Tests";

    public static IReadOnlyList<Mutant> All { get; } =
    [
        new("key", "a due is held once, by primary key", nameof(PressureTests),
        [
            ("Platform.Payments/Migrations/V1__payments.sql",
                "primary key (entity_id, due_id), foreign key (entity_id, due_id, payment_id)", "primary key (entity_id, due_id, payment_id), foreign key (entity_id, due_id, payment_id)"),
            ("Platform.Payments/Checkout/Dues.cs", "on conflict (entity_id, due_id) do nothing\n                    returning", "on conflict (entity_id, due_id, payment_id) do nothing\n                    returning"),
        ]),
        new("lock", "the payment's row is locked while a message is applied", nameof(PressureTests),
            [("Platform.Payments/Checkout/GatewayFacts.cs", "where entity_id = @entity and payment_id = @payment for update", "where entity_id = @entity and payment_id = @payment")]),
        new("store", "a message is stored before it is applied", nameof(PressureTests),
            [("Platform.Payments/Checkout/GatewayFacts.cs", "var stored = await Store(sessions, message, order, verdict, stop);", "bool? stored = false;")]),
        new("outbox", "the event is written in the transaction that changes the payment", nameof(FaultTests),
        [
            ("Platform.Core/Storage/EntitySession.cs",
                """
                        if (_raised.Count > 0 || _recorded.Count > 0 || (_otherwise is not null && _mayHaveWritten))
                            await WriteAndCommit();
                        else if (_transaction is not null)
                            await _transaction.CommitAsync(stop);
                """,
                """
                        if (_transaction is not null)
                            await _transaction.CommitAsync(stop);
                        if (_raised.Count == 0 && _recorded.Count == 0)
                            return;
                        (_boundRole, _transaction) = (null, await (await Open()).BeginTransactionAsync(stop));
                        await WriteAndCommit();
                """),
        ]),
        new("answer", "the bank's listener is answered after the commit", nameof(FaultTests),
            [("Platform.Payments/Pages/PaymentPages.cs", "await facts.Receive(gateway, new GatewayMessage(\"listener\", raw), CancellationToken.None);", "_ = facts.Receive(gateway, new GatewayMessage(\"listener\", raw), CancellationToken.None);")]),
        new("settle-short", "a batch that the bank credited short is passed on to nobody", "SettlingTests.A_credit_that_the_bank_takes_back_is_booked_back_and_comes_again",
            [("Platform.Payments/Settlement/Evidence.cs", "coalesce(c.cents, 0) = b.net_cents and (c.entries > 0 or b.net_cents = 0) as credited", "c.entries > 0 as credited")], Payments),
        new("settle-lock", "who compares evidence and books holds the owner's row", "SettlingTests.Two_that_load_at_once_book_once",
            [("Platform.Payments/Settlement/Reconciliation.cs", "on conflict (entity_id) do update set runs = r.runs + 1, last_at = excluded.last_at", "on conflict (entity_id) do nothing")], Payments),
        new("payout", "a booking is paid out once, by primary key", "SettlingTests.A_payout_is_told_line_by_line_in_csv_and_pdf_and_each_booking_is_paid_out_once",
        [
            ("Platform.Payments/Migrations/V7__settlement.sql", "primary key (entity_id, cause, cause_id, n),\n    foreign key (entity_id, cause, cause_id, n)", "primary key (entity_id, cause, cause_id, n, payout),\n    foreign key (entity_id, cause, cause_id, n)"),
            ("Platform.Payments/Settlement/Payouts.cs", "and not exists (select from payments.payout_item i where i.entity_id = t.entity_id and i.cause = t.cause and i.cause_id = t.cause_id and i.n = t.n)", ""),
        ], Payments),
        new("refund-limit", "no more is set aside than was taken, by check and by lock", "RefundTests.However_many_ask_at_once_no_cent_is_given_back_twice",
        [
            ("Platform.Payments/Migrations/V1__payments.sql", "check (refunded_cents between 0 and coalesce(taken_cents, 0)),", ""),
            ("Platform.Payments/Refunds/RefundDesk.cs", "from payments.payment where entity_id = @entity and order_no = @Order for update", "from payments.payment where entity_id = @entity and order_no = @Order"),
        ], Payments),
        new("refund-check", "the database itself refuses more than was taken", "RefundTests.The_database_itself_refuses_more_than_was_taken_a_second_order_and_one_person_for_two",
            [("Platform.Payments/Migrations/V1__payments.sql", "check (refunded_cents between 0 and coalesce(taken_cents, 0)),", "")], Payments),
        new("refund-once", "a refund is ordered at the bank once, whoever dies before hearing the answer", "RefundTests.A_host_that_dies_between_asking_the_bank_and_hearing_it_never_asks_twice",
        [
            ("Platform.Payments/Refunds/RefundRunner.cs", "where entity_id = @entity and refund_id = @id and state = 'approved'\n                    returning", "where entity_id = @entity and refund_id = @id\n                    returning"),
            ("Platform.Payments/Refunds/RefundRunner.cs", "values (@entity, @id, @PaymentId, 'refund', @now)", "values (@entity, @id, @PaymentId, 'refund', @now) on conflict do nothing"),
            ("Platform.Payments/Refunds/RefundRunner.cs", "=> AskAbout(gateway, bank.Terms, new(row.EntityId), row.RefundId, stop)", "=> Order(gateway, bank.Terms, new(row.EntityId), row.RefundId, stop)"),
        ], Payments),
        new("refund-two", "who asked for a refund cannot agree to it, by check", "RefundTests.Who_asked_cannot_approve_however_the_name_is_written",
            [("Platform.Payments/Migrations/V6__refunds.sql", "    check (lower(approved_by) <> lower(asked_by)),\n", "")], Payments),
        new("cart-seen", "nobody pays for what his page of the cart did not list", "CartTests.What_another_tab_changed_is_not_paid_unseen",
            [("Platform.Payments/Carts/CartPages.cs", "if (form[Seen] != DigestOf(lines))", "if (form[Seen] != form[Seen])")], Payments),
        new("cart-seal", "a cart opens for the municipality whose it is, and for no other", "CartTests.A_cart_that_was_altered_made_up_or_is_another_municipality_s_is_empty",
            [("Platform.Payments/Carts/Cart.cs", "protection.CreateProtector(\"payments\", \"cart\", shownBy.ToString())", "protection.CreateProtector(\"payments\", \"cart\", shownBy.ToString()[..0])")], Payments),
        new("cart-missing", "of a due no more is missing than it costs", "CartTests.What_the_bank_took_too_little_is_missing_from_what_was_opened_last",
            [("Platform.Payments/Checkout/Dues.cs", "var part = Math.Min(missing, items[n].Cents);", "var part = missing;")], Payments),
        new("cart-others", "a service starts payments of its own dues only", "StartCheckoutTests.A_due_of_another_service_creditor_or_nobody_is_not_open_here",
            [("Platform.Payments/Checkout/StartCheckoutHandler.cs", "and (p.service = @service or @service = @OfAll)", "and (@service <> '' or @OfAll <> '')")], Payments),
        new("plan-choice", "while a payer is at the bank with one way of paying, no other begins", "PlansTests.Of_many_who_choose_differently_at_once_one_way_wins",
            [("Platform.Payments/Checkout/StartCheckoutHandler.cs", "if (dues.Any(due => due.OtherPlans) && await", "if (dues.Count == 0 && await")], Payments),
        new("plan-late", "money for a way that another one replaced is kept, and pays nothing", "PlansTests.The_whole_paid_at_once_closes_the_instalments_and_money_that_comes_for_one_later_is_kept_as_paid_twice",
            [("Platform.Payments/Checkout/Dues.cs", "and d.due_id = @DueId and d.state in ('open', 'paid')", "and d.due_id = @DueId and d.state in ('open', 'paid', 'replaced')")], Payments),
        new("plan-freed", "a reversal frees the ways that were replaced", "PlansTests.The_reversal_of_the_only_instalment_paid_frees_the_choice_again",
            [("Platform.Payments/Positions/DueRows.cs", "where d.entity_id = @entity and d.position_id = @position and d.state = 'replaced'", "where d.entity_id = @entity and d.position_id = @position and d.state = 'none'")], Payments),
        new("recorded-two", "who recorded a payment cannot agree to it, by check", "RecordedPaymentTests.Who_recorded_it_cannot_be_the_second_person",
            [("Platform.Payments/Migrations/V9__gateways_and_plans.sql", "    check (state = 'refused' or lower(decided_by) <> lower(asked_by)),\n", "")], Payments),
        new("recorded-once", "one recording of a due waits at a time, by unique index", "RecordedPaymentTests.Two_officers_who_record_the_same_due_at_once_are_one_and_the_other_is_told",
            [("Platform.Payments/Migrations/V9__gateways_and_plans.sql", "create unique index on payments.recording (entity_id, due_id) where state = 'asked'", "create index on payments.recording (entity_id, due_id) where state = 'asked'")], Payments),
        new("recorded-bank", "nothing is recorded of what somebody is paying at the bank", "RecordedPaymentTests.A_due_that_somebody_is_paying_at_the_bank_is_refused_in_plain_words",
            [("Platform.Payments/Recorded/RecordPayment.cs", "{ AtBank: not null } => new(RecordingRefusals.AtBank, due.AtBank),", "")], Payments),
        new("imprese-signed", "an answer of PagOnline Imprese is believed when it is signed", "ImpreseMessageTests",
            [("Platform.Payments/Gateways/PagOnlineImprese/PagOnlineImpreseGateway.cs", " && answer.IsSigned(covered, terms.Secret(\"key\")) ? answer", " && answer.IsSigned(covered, terms.Secret(\"key\")) is var _ ? answer")], Payments),
        new("imprese-open", "an order is opened at PagOnline Imprese once, however often its button is pressed", "ImpresePayingTests.The_same_attempt_opens_one_order_however_often_and_how_fast_it_is_sent",
            [("Platform.Payments/Checkout/StartCheckoutHandler.cs", "var opened = ours ? await", "var opened = ours || !ours ? await")], Payments),
        new("imprese-credit", "an answer about the payment is no answer about its refund", "ImpresePayingTests.An_answer_about_the_payment_is_no_answer_about_its_refund",
            [("Platform.Payments/Gateways/PagOnlineImprese/PagOnlineImpreseGateway.cs", "IsNumber(answer[\"tranID\"]) && answer[\"tranID\"] != transaction =>", "IsNumber(answer[\"tranID\"]) =>")], Payments),
    ];
}

/// <summary>Proves that the tests can fail: builds a copy of the working tree without one guard after the other, and wants to see them red.</summary>
internal static class Mutants
{
    public static async Task<int> Run(IReadOnlyList<string> only, Action<string> tell)
    {
        var source = Path.GetFullPath(Path.Combine(TestCluster.Artifacts, ".."));
        var copy = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"portico-mutants-{Environment.ProcessId}"));
        try
        {
            await Copy(source, copy);
            var survivors = 0;
            tell("| Guard taken out | Tests | Seen |\n|---|---|---|");
            if (only.Count == 0)
            {
                foreach (var project in Mutant.All.GroupBy(mutant => mutant.Project, StringComparer.Ordinal))
                {
                    var (built, words) = await Build(copy, project.Key);
                    var (green, seen) = built ? await Test(copy, project.Key, string.Join("|FullyQualifiedName~", project.Select(mutant => mutant.Tests).Distinct(StringComparer.Ordinal))) : (false, words);
                    tell($"| none | all of {project.Key} below | {(green ? "green, as it must be" : $"**RED**: {seen}")} |");
                    survivors += green ? 0 : 1;
                }
            }
            foreach (var mutant in Mutant.All.Where(mutant => only.Count == 0 || only.Contains(mutant.Name, StringComparer.Ordinal)))
            {
                var originals = await Apply(copy, mutant);
                var (built, words) = await Build(copy, mutant.Project);
                var (green, seen) = built ? await Test(copy, mutant.Project, mutant.Tests) : (true, words);
                tell($"| {mutant.Guard} | {mutant.Tests} | {(green ? $"**NOT NOTICED** {seen}" : $"red: {seen}")} |");
                survivors += green ? 1 : 0;
                foreach (var (file, text) in originals)
                    await File.WriteAllTextAsync(file, text);
            }
            return survivors == 0 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    /// <summary>What git knows or would add, as it stands now; fetched packages are shared.</summary>
    static async Task Copy(string source, string copy)
    {
        var (code, files) = await Command(source, "git", "ls-files", "-co", "--exclude-standard");
        if (code != 0)
            throw new InvalidOperationException($"git: {files}");
        foreach (var file in files.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(file => File.Exists(Path.Combine(source, file))))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(copy, file))!);
            File.Copy(Path.Combine(source, file), Path.Combine(copy, file));
        }
        Directory.CreateSymbolicLink(Path.Combine(copy, "node_modules"), Path.Combine(source, "node_modules"));
    }

    static async Task<IReadOnlyList<(string File, string Text)>> Apply(string copy, Mutant mutant)
    {
        var originals = new List<(string, string)>();
        foreach (var (name, text, without) in mutant.Edits)
        {
            var file = Path.Combine(copy, name);
            var before = await File.ReadAllTextAsync(file);
            if (before.Split(text).Length != 2)
                throw new InvalidOperationException($"{name} does not hold the guard \"{mutant.Name}\" exactly once any more: bring the list in Mutants.cs up to date.");
            // Of several edits of one file the first found it whole.
            if (!originals.Exists(one => one.Item1 == file))
                originals.Add((file, before));
            await File.WriteAllTextAsync(file, before.Replace(text, without, StringComparison.Ordinal));
        }
        return originals;
    }

    static async Task<(bool Ok, string Words)> Build(string copy, string project)
    {
        var (code, words) = await Command(copy, "dotnet", "build", $"tests/{project}", "-c", "Release", "-v", "q", "-nologo", "-p:UseSharedCompilation=false", "-nodeReuse:false");
        return (code == 0, code == 0 ? "" : "does not compile: " + (words.Split('\n').FirstOrDefault(line => line.Contains("error", StringComparison.Ordinal)) ?? "").Trim());
    }

    static async Task<(bool Green, string Seen)> Test(string copy, string project, string tests)
    {
        var (code, words) = await Command(copy, "dotnet", "test", $"tests/{project}", "-c", "Release", "--no-build", "--nologo", "--logger", "console;verbosity=normal", "--filter", $"FullyQualifiedName~{tests}");
        var lines = words.Split('\n').Select(line => line.Trim()).ToList();
        // Also what a fixture finds at its end: there the money is counted.
        var failed = lines.Where(line => line.StartsWith("Failed ", StringComparison.Ordinal)).Select(line => line[7..].Split(" [")[0])
            .Concat(lines.Where(line => line.StartsWith("TearDown failed for", StringComparison.Ordinal)));
        var why = lines.SkipWhile(line => line != "Error Message:").Skip(1).FirstOrDefault() ?? "";
        // Red for another reason than a test that failed proves nothing of the guard.
        if (code != 0 && !failed.Any())
            throw new InvalidOperationException($"The tests did not run to their end: {words[^Math.Min(words.Length, 2000)..]}");
        return (code == 0, $"{string.Join(", ", failed)}: {(why.Length > 160 ? why[..160] + "…" : why)}".Replace('|', '/'));
    }

    static async Task<(int Code, string Words)> Command(string folder, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var words = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await words + errors);
    }
}
