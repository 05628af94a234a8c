using System.Diagnostics;
using System.Text.Json;
using Autofac;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Identity;

namespace Portico.Host.Demo;

/// <summary>A generated person who signs in at the demo's provider of identities.</summary>
/// <param name="What">What there is to be seen as this person.</param>
internal sealed record DemoPerson(string Name, string FiscalNumber, string What);

/// <summary>
/// Generated sign-ins: officers of the demo's entities, and citizens to whom something is owed or who owe something. Services name theirs in <c>demo/persone.csv</c>
/// (<c>codice_fiscale;nome;che_cosa</c>). Nobody types a password: whoever sits at this machine may be each of them.
/// </summary>
internal static class DemoPeople
{
    const string By = "demo";

    static readonly (DemoPerson Person, string Entity, string Role, string Scope)[] Officers =
    [
        (new("Ada Dimostrazione", "DMSDAA80A41A944P", "Amministratrice del centro servizi: tutto, per tutti gli enti"), "000", "administrator", ""),
        (new("Bruno Dimostrazione", "DMSBRN75C12A944Q", "Polizia locale dell’Unione Reno Galliera: le multe"), "URG", "officer", "fines"),
        (new("Carla Dimostrazione", "DMSCRL82E50A944S", "Ragioneria di Castenaso: i pagamenti"), "CTN", "accountant", ""),
        (new("Dario Dimostrazione", "DMSDRA79H03A944W", "Revisore di Vergato: guarda e non cambia niente"), "VRG", "auditor", ""),
    ];

    /// <summary>Where the build lays the provider's program.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "identities", "oidc-provider");

    public static IdentityProvider Provider(Uri identities) => new()
    {
        Id = "prova", Title = "identità dimostrativa", Authority = identities.GetLeftPart(UriPartial.Authority), ClientId = "portico", ClientSecret = "segreto-di-prova-del-client", ForOfficers = true, ForCitizens = true,
    };

    /// <summary>Writes the officers down, once, and answers everybody.</summary>
    public static async Task<IReadOnlyList<DemoPerson>> Seed(PorticoApp app, IdentityProvider provider, IEnumerable<string> folders, CancellationToken stop)
    {
        var register = app.Container.Resolve<OfficerRegister>();
        var known = await app.Container.Resolve<EntityDirectory>().Current(stop);
        foreach (var (person, entity, role, scope) in Officers)
        {
            var login = person.Name.ToLowerInvariant().Replace(' ', '.');
            if (known.ByCode(entity) is not { } where || await register.ByLogin(login, stop) is not null || scope.Length > 0 && app.Catalog.Find(scope) is null)
                continue;
            var officer = (await register.Create(person.Name, login, null, By, stop)).Value;
            _ = await register.Grant(officer, where.Id, role, scope, null, null, By, stop);
            _ = await register.Bind(officer, provider.Id, null, person.FiscalNumber, By, stop);
        }
        var citizens = folders.Select(folder => Path.Combine(folder, "persone.csv")).Where(File.Exists)
            .SelectMany(file => File.ReadLines(file).Skip(1)).Select(line => line.Split(';')).Where(fields => fields.Length == 3 && TaxCode.TryParse(fields[0], out _))
            .Select(fields => new DemoPerson(fields[1], fields[0], fields[2]));
        return [.. citizens, .. Officers.Select(officer => officer.Person)];
    }

    /// <exception cref="StartRefusedException">It ended at once, as it does when somebody else has its port; it has said why by itself.</exception>
    public static async Task<Process> Start(PorticoOptions options, string program, Uri identities, IReadOnlyList<DemoPerson> people, CancellationToken stop)
    {
        var file = Path.Combine(Path.GetFullPath(options.DataFolder), "demo-people.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(people, JsonSerializerOptions.Web), stop);
        var process = Process.Start(new ProcessStartInfo(program)
        {
            ArgumentList = { "--urls", identities.GetLeftPart(UriPartial.Authority), "--people", file },
            RedirectStandardOutput = true,
            // It ends when this closes, and so with this program, however that ends.
            RedirectStandardInput = true,
            UseShellExecute = false,
        })!;
        if (await process.StandardOutput.ReadLineAsync(stop) is null)
        {
            process.Dispose();
            throw new StartRefusedException($"The demo's provider of identities does not start at {identities}; its words are above. Choose another address with --identities.");
        }
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        return process;
    }
}
