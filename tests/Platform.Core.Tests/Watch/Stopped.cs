using Platform.Testing;

namespace Platform.Core.Tests.Watch;

/// <summary>One of each that waits for somebody: an event, a run, and letters.</summary>
internal static class Stopped
{
    public static readonly Guid Event = new("0197a000-0000-7000-8000-00000000c001");

    public static async Task Plant(PorticoTestHost host, int letters)
    {
        await host.Database.Execute(
            """
            insert into core.outbox (entity_id, stream, seq, event_id, type, payload, at) values (37059, @stream, 1, @Event, 'prova.happened.1', '{}', '2026-03-01 10:00Z');
            insert into core.delivery (entity_id, event_id, handler, stream, seq, state, tries, due_at, error) values (37059, @Event, 'Prova.Sorda', @stream, 1, 'parked', 9, '2026-03-01 10:00Z', 'InvalidOperationException');
            insert into core.job (service, job, cron, next_at) values ('prova', 'Sordo', '0 3 * * *', '2026-03-11 02:00Z');
            insert into core.job_run (service, job, entity_id, due_at, state, tries, next_try_at, error) values ('prova', 'Sordo', 37059, '2026-03-09 02:00Z', 'parked', 5, '2026-03-09 04:00Z', 'TimeoutException');
            insert into core.mail (entity_id, mail_id, module, letter_key, template, language, shown_by, recipient, subject, body, state, tries, due_at, error, written_at, ended_at)
            select 37059, ('0197a000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'payments', 'prova/' || n, 'receipt', 'it', 37059, 'prova' || n || '@example.org', 'Prova', 'Prova',
                   case when n % 2 = 0 then 'bounced' else 'refused' end, 1, '2026-03-01 10:00Z', '550', '2026-03-01 10:00Z'::timestamptz + make_interval(secs => n / 2), '2026-03-01 11:00Z'
              from generate_series(1, @letters) as n
            """,
            new { stream = Guid.NewGuid(), Event, letters });
    }
}
