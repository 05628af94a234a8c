using System.Globalization;
using Platform.Core.Plugins;
using Platform.Testing;

namespace Services.Fines.Tests.Office;

/// <summary>What an officer of the union's police does, on a host of its own.</summary>
internal sealed class Desk(PorticoTestHost host)
{
    public const string Heading =
        "serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso;fase;dispositivo;tipo_dispositivo;proprietario_strada";

    int _number = 100;

    public PorticoTestHost Host => host;

    public int NewNumber() => Interlocked.Increment(ref _number);

    /// <summary>A line of a file; notified a day ago and so 31,40 € unless told otherwise.</summary>
    public string Line(
        int number, string minimum = "42,00", string municipality = "037005", int notified = -1, string phase = "", string article = "art. 158", string device = ";;", string plate = "AB123CD") =>
        $"V;2026;{number};{Iso(-20)};{plate};{municipality};Via Demo 1;{article};Sosta vietata;{minimum};999,00;2,00;{Iso(notified)};no;no;{phase};{device}";

    public Task<ImportReport> Load(bool allOrNothing, params string[] lines) => host.Import("fines", "import", "URG", string.Join('\n', [Heading, .. lines]), allOrNothing);

    public async Task<int> NewFine(string minimum = "42,00", string municipality = "037005", int notified = -1, string article = "art. 158", string device = ";;", string plate = "AB123CD")
    {
        var number = NewNumber();
        (await Load(false, Line(number, minimum, municipality, notified, article: article, device: device, plate: plate))).Errors.Should().BeEmpty();
        return number;
    }

    /// <summary>To the bank's page and no further.</summary>
    public async Task<Citizen> GoToBank(int number, string plate = "AB123CD")
    {
        var citizen = host.NewCitizen();
        await citizen.Open("/bentivoglio/multe");
        await citizen.Send(("verbale", $"V/2026/{number}"), ("data", Iso(-20)), ("targa", plate));
        await citizen.GoToBank();
        return citizen;
    }

    public async Task Pay(int number, string plate = "AB123CD")
    {
        using var citizen = await GoToBank(number, plate);
        await citizen.PayAtBank();
        await host.After(TimeSpan.FromSeconds(5));
    }

    public Task<string> Ask(string verb, params (string Name, string Value)[] options) => host.Office("fines", verb, "URG", options);

    public async Task<string[][]> Sheet(string verb, params (string Name, string Value)[] options) => Rows(await Ask(verb, options));

    public static string[][] Rows(string csv) => [.. csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(';'))];

    public string Iso(int days) => Platform.Core.Time.LegalTime.Day(host.Clock.GetUtcNow()).AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public Task<int> Minimum(int number) => host.Database.Value<int>("select min_cents::int from fines.fine where number = @number", new { number });
}
