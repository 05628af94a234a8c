using System.Globalization;
using Microsoft.Playwright;
using Platform.Core.Hosting;
using Platform.Core.Time;
using Platform.Testing;

namespace Portico.Host.Tests.Browser;

/// <summary>One browser and one demonstration host for the tests beside this file.</summary>
[SetUpFixture]
public sealed class TheSite
{
    static IPlaywright? _playwright;
    static IBrowser? _browser;
    static PorticoTestHost? _host;

    internal static PorticoTestHost Host => _host!;

    internal static IBrowser Browser => _browser!;

    [OneTimeSetUp]
    public async Task Open()
    {
        _host = await PorticoTestHost.Start(profile: Profile.Demo);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic"],
        });
    }

    [OneTimeTearDown]
    public async Task Close()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        if (_host is not null)
            await _host.DisposeAsync();
    }

    static int _number = 7000;

    /// <summary>A fine of Bentivoglio of its own for a test: 31,40 € unless another minimum is given.</summary>
    internal static async Task<Fine> NewFine(long minimum = 42, int seenDaysAgo = 20, int? notifiedDaysAgo = 1, string phase = "", int points = 0)
    {
        var number = Interlocked.Increment(ref _number).ToString(CultureInfo.InvariantCulture);
        var today = LegalTime.Day(Host.Clock.GetUtcNow());
        await Load(number, minimum, seenDaysAgo, notifiedDaysAgo, phase, points);
        return new Fine($"V/{today.AddDays(-seenDaysAgo).Year}/{number}", today.AddDays(-seenDaysAgo), "AB123CD");
    }

    /// <summary>The file brings the fine once more, with another day of notification.</summary>
    internal static Task Again(Fine fine, int notifiedDaysAgo) =>
        Load(fine.Number.Split('/')[2], 42, LegalTime.Day(Host.Clock.GetUtcNow()).DayNumber - fine.Date.DayNumber, notifiedDaysAgo, "", 0);

    static async Task Load(string number, long minimum, int seenDaysAgo, int? notifiedDaysAgo, string phase, int points)
    {
        var today = LegalTime.Day(Host.Clock.GetUtcNow());
        string Day(int? ago) => ago is { } days ? today.AddDays(-days).ToString("dd/MM/yyyy", CultureInfo.InvariantCulture) : "";
        var report = await Host.Import(
            "fines", "import", "URG",
            $"""
            serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso;fase;punti
            V;{today.AddDays(-seenDaysAgo).Year};{number};{Day(seenDaysAgo)};AB123CD;037005;Via Marconi 12;art. 158 c. 2;Sosta in area riservata al carico e scarico;{minimum},00;{minimum * 4 + 5},00;2,00;{Day(notifiedDaysAgo)};no;no;{phase};{points}
            """);
        report.Errors.Should().BeEmpty();
    }
}
