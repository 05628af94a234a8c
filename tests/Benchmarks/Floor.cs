using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Platform.Payments.Tests;
using Platform.Testing;

namespace Portico.Benchmarks;

/// <summary>
/// The same payment by hand: what somebody writes who knows everything beforehand and wants nothing but the rows. Six transactions, as the product commits six times;
/// each is one batch of prepared statements and a commit. No rows of its own to look for, no roles, no row-level security, no checks, no PDF drawn: it writes one that the product drew.
/// </summary>
internal sealed class Floor(TestDatabase database, IReadOnlyDictionary<string, int> entities, byte[] pdf) : IAsyncDisposable
{
    static readonly DateTime Now = new(2026, 3, 10, 10, 0, 0, DateTimeKind.Utc);
    static readonly Guid Agreement = new("0197a000-0000-7000-8000-0000000000aa");

    readonly NpgsqlDataSource _source = NpgsqlDataSource.Create($"{database.Owner};Max Auto Prepare=100;Auto Prepare Min Usages=2");

    public async Task<double> Pay(IReadOnlyList<PayableFine> fines, int clients)
    {
        var connections = new List<NpgsqlConnection>();
        for (var client = 0; client < clients; client++)
            connections.Add(await _source.OpenConnectionAsync());
        var begun = Stopwatch.GetTimestamp();
        await InTurn.Run(fines, clients, (fine, client) => Pay(fine, connections[client]));
        var took = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        foreach (var connection in connections)
            await connection.DisposeAsync();
        return took;
    }

    async Task Pay(PayableFine fine, NpgsqlConnection connection)
    {
        var entity = entities[fine.Creditor];
        var shownBy = entities[fine.ShownBy];
        var (position, due, payment) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        var order = $"{fine.Creditor}-{Code(13)}-1";
        var raw = Encoding.Latin1.GetBytes(BankPen.Listener(order, "OK"));
        var digest = SHA256.HashData([.. Encoding.ASCII.GetBytes($"{order}\n"), .. raw]);
        var (first, second, cents) = ((4200L + fine.Number % 100) * 70 / 100, 200L, (4200L + fine.Number % 100) * 70 / 100 + 200);

        await Transaction(connection,
            ("select fine_id, min_cents, costs_cents, violated_on, notified_on, state from fines.fine where entity_id = $1 and series = 'P' and year = 2026 and number = $2", [entity, fine.Number]),
            ("insert into payments.position (entity_id, position_id, service, reference, title, shown_by, state) values ($1, $2, 'fines', $3, $4, $5, 'open')",
                [entity, position, fine.Name, $"Verbale {fine.Name}", shownBy]),
            ("insert into payments.due (entity_id, due_id, position_id, plan, n, due_on, state) values ($1, $2, $3, 'single', 1, $4, 'open')", [entity, due, position, new DateOnly(2026, 3, 14)]),
            ("insert into payments.due_line (entity_id, due_id, n, label, tax_code, account, cents) values ($1, $2, 1, 'Sanzione', '9/0102100SA/', 'sanzioni-cds', $3), ($1, $2, 2, 'Spese di accertamento e notifica', '9/0102100SA/', 'spese-notifica', $4)",
                [entity, due, first, second]),
            Journal(entity, "fines", "payments.OpenPosition", $$"""{"shownBy": {{shownBy}}}"""));
        await Transaction(connection,
            ("select d.state from payments.position p join payments.due d on d.entity_id = p.entity_id and d.position_id = p.position_id where p.entity_id = $1 and p.position_id = $2 for update of p", [entity, position]),
            ("""
             insert into payments.payment (entity_id, payment_id, agreement_id, order_no, status_code, service, shown_by, return_page, language, state, asked_cents, quote_until, created_at, next_query_at, title)
             values ($1, $2, $3, $4, $5, 'fines', $6, 'verbale/misura', 'it', 'prepared', $7, $8, $9, $10, $11)
             """,
                [entity, payment, Agreement, order, $"{fine.Creditor}-{Code(20)}", shownBy, cents, Now.AddHours(13.5), Now, Now.AddMinutes(2), $"Verbale {fine.Name}"]),
            ("insert into payments.payment_item (entity_id, payment_id, due_id, cents) values ($1, $2, $3, $4)", [entity, payment, due, cents]),
            ("insert into payments.payment_line (entity_id, payment_id, due_id, n, label, tax_code, account, cents) values ($1, $2, $3, 1, 'Sanzione', '9/0102100SA/', 'sanzioni-cds', $4), ($1, $2, $3, 2, 'Spese di accertamento e notifica', '9/0102100SA/', 'spese-notifica', $5)",
                [entity, payment, due, first, second]),
            ("insert into payments.search_key (entity_id, key) values ($1, $2) on conflict do nothing", [entity, digest]),
            ("insert into payments.search_token (entity_id, token, at, payment_id) values ($1, $2, $4, $5), ($1, $3, $4, $5)", [entity, digest[..16], digest[16..], Now, payment]),
            Journal(entity, "fines", "payment.started", $$"""{"orderNo": "{{order}}", "askedCents": {{cents}}, "shownBy": {{shownBy}}}"""));
        await Transaction(connection,
            ("insert into payments.fact (entity_id, channel, digest, order_no, verdict, raw, first_at) values ($1, 'listener', $2, $3, 'genuine', $4, $5)", [entity, digest, order, raw, Now]));
        var happened = Guid.CreateVersion7();
        await Transaction(connection,
            ("select state from payments.payment where entity_id = $1 and payment_id = $2 for update", [entity, payment]),
            ("update payments.payment set state = 'paid', version = version + 1, next_query_at = $3, taken_cents = asked_cents, paid_at = $4 where entity_id = $1 and payment_id = $2", [entity, payment, Now.AddSeconds(3), Now]),
            ("update payments.fact set applied_at = $3 where entity_id = $1 and channel = 'listener' and digest = $2", [entity, digest, Now]),
            ("update payments.position set version = version + 1, state = 'paid' where entity_id = $1 and position_id = $2", [entity, position]),
            ("insert into payments.due_paid (entity_id, due_id, payment_id, at) values ($1, $2, $3, $4)", [entity, due, payment, Now]),
            ("update payments.due set state = 'paid' where entity_id = $1 and due_id = $2", [entity, due]),
            ("insert into payments.account (entity_id, account, kind) values ($1, 'collections', 'asset'), ($1, 'surplus', 'liability'), ($1, 'income/sanzioni-cds', 'income'), ($1, 'income/spese-notifica', 'income') on conflict do nothing", [entity]),
            ("insert into payments.transfer (entity_id, cause, cause_id, n, debit, credit, cents, booked_on, booked_at) values ($1, 'payment.taken', $2, 1, 'collections', 'income/sanzioni-cds', $3, $5, $6), ($1, 'payment.taken', $2, 2, 'collections', 'income/spese-notifica', $4, $5, $6)",
                [entity, payment, first, second, new DateOnly(2026, 3, 10), Now]),
            ("insert into core.outbox (entity_id, stream, seq, event_id, type, payload, at) values ($1, $2, 1, $3, 'payments.position_paid.1', $4::text::jsonb, $5)",
                [entity, position, happened, $$"""{"at": "2026-03-10T10:00:00+00:00", "due": "{{due}}", "amount": {{cents}}, "stream": "{{position}}", "payment": "{{payment}}", "shownBy": {{shownBy}}, "version": 1, "audience": "fines", "position": {"id": {"value": "{{position}}"}, "service": "fines", "reference": "{{fine.Name}}"}, "orderNumber": "{{order}}"}""", Now]),
            ("insert into core.delivery (entity_id, event_id, handler, stream, seq, state, due_at) values ($1, $2, 'payments.IssueReceipt', $3, 1, 'due', $4), ($1, $2, 'fines.FollowPosition', $3, 1, 'due', $4)",
                [entity, happened, position, Now]),
            Journal(entity, "payments", "payment.paid", $$"""{"from": "prepared", "heard": "Approved", "channel": "listener", "orderNo": "{{order}}"}"""));
        await Transaction(connection,
            ("select state from core.delivery where entity_id = $1 and event_id = $2 and handler = 'payments.IssueReceipt' for update", [entity, happened]),
            ("""
             with counted as (
                 insert into payments.receipt_counter as c (entity_id, year, last) values ($1, 2026, 1)
                 on conflict (entity_id, year) do update set last = c.last + 1 returning last)
             insert into payments.receipt (entity_id, year, number, payment_id, code, pdf_sha256, pdf, issued_at) select $1, 2026, last, $2, $3, $4, $5, $6 from counted
             """,
                [entity, payment, $"{fine.Creditor}-{Code(20)}", SHA256.HashData(pdf), pdf, Now]),
            Done(entity, happened, "payments.IssueReceipt"),
            Journal(entity, "core", "receipt.issued", $$"""{"year": 2026, "number": 1, "orderNumber": "{{order}}"}"""));
        await Transaction(connection,
            ("select state from core.delivery where entity_id = $1 and event_id = $2 and handler = 'fines.FollowPosition' for update", [entity, happened]),
            ("update fines.fine set state = 'paid', paid_on = $3, paid_cents = $4, paid_order = $5, changed_at = $6 where entity_id = $1 and series = 'P' and year = 2026 and number = $2",
                [entity, fine.Number, new DateOnly(2026, 3, 10), cents, order, Now]),
            ("insert into fines.movement (entity_id, fine_id, version, kind, order_no, cents, moved_on, moved_at) select entity_id, fine_id, 1, 'paid', $3, $4, $5, $6 from fines.fine where entity_id = $1 and series = 'P' and year = 2026 and number = $2",
                [entity, fine.Number, order, cents, new DateOnly(2026, 3, 10), Now]),
            Done(entity, happened, "fines.FollowPosition"),
            Journal(entity, "core", "fines.paid", $$"""{"fine": "{{fine.Name}}", "cents": {{cents}}, "order": "{{order}}"}"""));
    }

    static (string, object[]) Journal(int entity, string actor, string kind, string body) => (
        "insert into core.journal (entity_id, entry_id, at, actor, kind, body) values ($1, $2, $3, $4, $5, $6::text::jsonb)", [entity, Guid.CreateVersion7(), Now, actor, kind, body]);

    static (string, object[]) Done(int entity, Guid happened, string handler) => (
        "update core.delivery set state = 'done', tries = tries + 1 where entity_id = $1 and event_id = $2 and handler = $3", [entity, happened, handler]);

    static async Task Transaction(NpgsqlConnection connection, params (string Sql, object[] Values)[] statements)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await using var batch = new NpgsqlBatch(connection, transaction);
        foreach (var (sql, values) in statements)
        {
            var command = new NpgsqlBatchCommand(sql);
            foreach (var value in values)
                command.Parameters.Add(new() { Value = value });
            batch.BatchCommands.Add(command);
        }
        await batch.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }

    static string Code(int length) => RandomNumberGenerator.GetString("0123456789ABCDEFGHJKMNPQRSTVWXYZ", length);

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
