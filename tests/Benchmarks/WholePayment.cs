using System.Globalization;
using System.Text;
using Npgsql;
using Platform.Testing;

namespace Portico.Benchmarks;

/// <summary>A whole payment, against the same rows written by hand.</summary>
internal static class WholePayment
{
    public const string Part = "A whole payment";
    const double Budget = 0.5;

    public static async Task Measure(Report report, Scale scale)
    {
        report.Doing("paying, and writing the same rows by hand");
        await using var ours = await TestCluster.NewDatabase();
        await using var theirs = await TestCluster.NewDatabase();
        await using var first = await PorticoTestHost.Start(database: ours);
        foreach (var table in (string[])["core.entity", "core.activation", "core.subscription", "payments.agreement"])
            await Register.Copy(ours, theirs, table);

        var number = 1;
        async Task<IReadOnlyList<PayableFine>> Fines(bool both)
        {
            var fines = await Register.Payable(ours, number, scale.Payments);
            if (both)
                await Register.Payable(theirs, number, scale.Payments);
            number += scale.Payments;
            return fines;
        }

        await new Product([first]).Pay(await Fines(both: false), 1);
        await Register.Copy(ours, theirs, "fines.fine");
        var pdf = (await ours.Value<byte[]>("select pdf from payments.receipt order by length(pdf) offset (select count(*) / 2 from payments.receipt) limit 1"))!;
        var entities = (await ours.Rows<Entity>("select entity_id as id, code from core.entity")).ToDictionary(entity => entity.Code, entity => entity.Id, StringComparer.Ordinal);
        await using var floor = new Floor(theirs, entities, pdf);
        await Emptied(ours);
        await Emptied(theirs);

        foreach (var (clients, hosts) in ((int, int)[])[(1, 1), (scale.Clients, 1), (scale.Clients, 2)])
        {
            // A host that starts asks the bank at once what is due soon; here nothing is to be asked.
            foreach (var database in (TestDatabase[])[ours, theirs])
                await Register.Run(database, "update payments.payment set next_query_at = null");
            // Only while it is measured: it would look for work by itself.
            await using var second = hosts == 1 ? null : await first.Another();
            var product = new Product(second is null ? [first] : [first, second]);
            var pairs = new List<(double Ours, double Theirs)>();
            var answered = 0.0;
            for (var slice = 0; slice <= scale.Slices; slice++)
            {
                var fines = await Fines(both: true);
                await Checkpoint();
                var mine = await product.Pay(fines, clients);
                await Checkpoint();
                var hand = await floor.Pay(fines, clients);
                if (slice == 0)
                    continue;
                pairs.Add((mine.Told, hand));
                answered += mine.Answered;
            }
            var payments = scale.Payments * pairs.Count;
            var ratio = pairs.Sum(pair => pair.Theirs) / pairs.Sum(pair => pair.Ours);
            var name = $"{(clients == 1 ? "one client" : $"{clients} clients")}, {(hosts == 1 ? "one host" : $"{hosts} hosts")}";
            var told = pairs.Sum(pair => pair.Ours);
            report.Add(Part, $"throughput of the floor reached, {name}", $">= {Budget.Percent()}",
                $"{ratio.Percent()} ({(payments / pairs.Sum(pair => pair.Ours)).PerSecond()} of {(payments / pairs.Sum(pair => pair.Theirs)).PerSecond()}; in single slices {pairs.Min(pair => pair.Theirs / pair.Ours).Percent()} to {pairs.Max(pair => pair.Theirs / pair.Ours).Percent()})",
                ratio >= Budget);
            report.Add(Part, $"share of that time after which all payers had their answer, {name}", "", (answered / told).Percent(), null);
        }
        report.Note(Part,
            string.Create(CultureInfo.InvariantCulture, $"Opened, started, paid by a message of the bank with a valid signature, and every event handled: receipt drawn and kept, fine closed. {scale.Slices} slices of {scale.Payments} payments each, ")
            + "product and floor in turn, after one pair to warm up and with a checkpoint before each; five creditors; a second host is a second container, pool and dispatcher in the same process. "
            + "The floor is the same six durable transactions, each one batch of prepared statements and a commit, as superuser: it looks nothing up that it could know, checks nothing, and writes a receipt that the product drew. "
            + "The clock stands still, so neither side seals the journal or asks the bank for the amount; sealing is measured by itself.");
        report.Note(Part, await SameRows(ours, theirs, number - 1 - scale.Payments));

        foreach (var clients in (int[])[1, scale.Clients])
        {
            var product = new Product([first]);
            await product.PayByPages(await Fines(both: false), clients);
            var took = await product.PayByPages(await Fines(both: false), clients);
            report.Add(Part, $"over HTTP, from the search to the payment's page, {(clients == 1 ? "one client" : $"{clients} clients")}", "", (scale.Payments / took).PerSecond(), null);
        }

        async Task Checkpoint() => await Register.Run(ours, "checkpoint;");
    }

    /// <summary>What was paid to warm up must not count when the rows are compared.</summary>
    static Task Emptied(TestDatabase database) => Register.Run(database,
        "truncate core.outbox, core.delivery, core.journal, core.journal_block, payments.position, payments.due, payments.due_line, payments.payment, payments.payment_item, payments.payment_line, payments.account, payments.transfer, payments.payout_item, payments.balance, payments.parity, payments.due_paid, payments.fact, payments.external_call, payments.receipt, payments.receipt_counter, payments.surplus, payments.subject, payments.search_key, payments.search_token, payments.refund, payments.refund_line, payments.due_released, payments.recording, payments.recording_proof, fines.movement");

    /// <summary>Compares every table: rows, and of each column how many are filled.</summary>
    /// <exception cref="InvalidOperationException">The floor does not write what the product writes, so that nothing may be compared.</exception>
    static async Task<string> SameRows(TestDatabase ours, TestDatabase theirs, int payments)
    {
        var columns = await ours.Rows<Column>(
            """
            select table_schema || '.' || table_name as "table", column_name as name from information_schema.columns
             where table_schema in ('core', 'payments', 'fines') and table_name <> 'migration' order by table_schema, table_name, ordinal_position
            """);
        // Sealing blocks is measured by itself, further below; the clock stands still here, so only what was written at first is sealed.
        // The nightly comparison leaves one row a day, and each job its schedule, whether anybody pays or not.
        string[] apart = ["core.journal.block", "core.journal_block", "payments.parity", "core.job", "core.job_run"];
        var different = new List<string>();
        var text = new StringBuilder("Same rows, checked in every table and column after the last slice (rows per payment; bytes of the rows per payment, product and floor):").AppendLine().AppendLine();
        foreach (var table in columns.GroupBy(column => column.Table, StringComparer.Ordinal).Where(table => !apart.Contains(table.Key)))
        {
            var names = table.Select(column => column.Name).Where(name => !apart.Contains($"{table.Key}.{name}")).ToList();
            var sql = $"select array[count(*), {string.Join(", ", names.Select(name => $"count({name})"))}, coalesce(sum(pg_column_size(t.*)), 0)::bigint] from {table.Key} t";
            var (mine, hand) = ((await ours.Value<long[]>(sql))!, (await theirs.Value<long[]>(sql))!);
            for (var n = 0; n <= names.Count; n++)
                if (mine[n] != hand[n])
                    different.Add($"{table.Key}{(n == 0 ? "" : $".{names[n - 1]}")}: {mine[n]} and {hand[n]}");
            if (mine[0] >= payments)
                text.AppendLine(CultureInfo.InvariantCulture, $"- `{table.Key}`: {(double)mine[0] / payments:0.#} rows, {(double)mine[^1] / payments:0} and {(double)hand[^1] / payments:0} bytes");
        }
        return different.Count == 0
            ? text.ToString().TrimEnd()
            : throw new InvalidOperationException($"The floor does not write the rows of the product: {string.Join("; ", different)}.");
    }

    sealed record Column(string Table, string Name);

    sealed record Entity(int Id, string Code);
}
