using Platform.Testing;

namespace Services.Fines.Tests.Office;

/// <summary>Who is to be reminded: once per step of the creditor's policy, and nobody without one.</summary>
public sealed class RemindersTests
{
    [Test]
    public async Task Each_step_of_the_policy_reminds_once()
    {
        await using var host = await PorticoTestHost.Start();
        var desk = new Desk(host);
        var fine = await desk.NewFine(notified: -1);   // 9 March 2026: reduced until Saturday 14 March, minimum until Friday 8 May
        var paid = await desk.NewFine(notified: -1);
        await desk.Pay(paid);
        await Days(host, 1);
        (await desk.Sheet("reminders")).Should().BeEmpty("without a policy nobody is reminded");

        (await host.Portico("settings", "set", "fines", "--entity", "URG", "remindBefore=2", "remindAfter=10")).Code.Should().Be(0);
        await Days(host, 1);
        (await desk.Sheet("reminders")).Select(row => (row[0], row[1], row[3], row[4], row[5])).Should().Equal(
            ("2026-03-12", $"V/2026/{fine}", "finisce l'importo ridotto", "2026-03-14", "31,40"));

        await Days(host, 2);
        (await desk.Sheet("reminders")).Should().HaveCount(1, "a step reminds once");
        await Days(host, 53);
        (await desk.Sheet("reminders", ("from", "2026-03-13"))).Select(row => (row[0], row[3], row[4], row[5])).Should().Equal(("2026-05-06", "finisce il minimo", "2026-05-08", "44,00"));
        await Days(host, 12);
        (await desk.Sheet("reminders", ("from", "2026-05-07"))).Select(row => (row[0], row[3], row[4])).Should().Equal(("2026-05-18", "il minimo è finito", "2026-05-08"));
    }

    [Test]
    public async Task Whose_address_the_file_brought_gets_each_reminder_as_a_letter_once()
    {
        await using var host = await PorticoTestHost.Start();
        var desk = new Desk(host);
        (await host.Portico("settings", "set", "fines", "--entity", "URG", "remindBefore=2")).Code.Should().Be(0);
        var (with, without) = (desk.NewNumber(), desk.NewNumber());
        var file = $"{Desk.Heading};email\n{desk.Line(with)};chi.deve@esempio.it\n{desk.Line(without)};";
        (await host.Import("fines", "import", "URG", file)).Errors.Should().BeEmpty();

        await Days(host, 2);
        await Days(host, 1);

        var letters = await host.Database.Rows<string>("select recipient || '|' || subject || '|' || body from core.mail");
        letters.Should().ContainSingle().Which.Should().StartWith($"chi.deve@esempio.it|Verbale V/2026/{with}: l’importo ridotto finisce il 14 marzo 2026|").And.Contain("31,40").And.NotContain("AB123CD", "a letter may be read by others");
        (await desk.Sheet("reminders")).Select(row => (row[1], row[6])).Should().BeEquivalentTo([($"V/2026/{with}", "inviata"), ($"V/2026/{without}", "")]);
    }

    [Test]
    public async Task An_address_is_loaded_changed_and_never_taken_away_by_a_file_that_says_none()
    {
        await using var host = await PorticoTestHost.Start();
        var desk = new Desk(host);
        var line = desk.Line(desk.NewNumber());
        Task<Platform.Core.Plugins.ImportReport> Load(string email) => host.Import("fines", "import", "URG", $"{Desk.Heading};email\n{line};{email}");
        Task<string?> Known() => host.Database.Value<string>("select string_agg(email, ',') from fines.subject");

        var wrong = await Load("nome@esempio");
        (wrong.Errors.Should().ContainSingle().Subject.Field, wrong.Errors[0].Value).Should().Be(("email", "nome@esempio"));
        (await Load("primo@esempio.it")).Added.Should().Be(1);
        (await Load("primo@esempio.it")).Unchanged.Should().Be(1);
        (await Load("secondo@esempio.it")).Changed.Should().Be(1);
        (await Load("")).Unchanged.Should().Be(1);
        (await Known()).Should().Be("secondo@esempio.it");
    }

    /// <summary>The night before the last of these days runs the job; the nights before it are made up for by one run.</summary>
    static async Task Days(PorticoTestHost host, int days)
    {
        if (days > 1)
            await host.After(TimeSpan.FromDays(days - 1));
        await host.After(TimeSpan.FromDays(1));
    }
}
