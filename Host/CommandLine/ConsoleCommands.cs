using System.CommandLine;
using System.Globalization;
using Autofac;
using Platform.Core.Entities;
using Platform.Core.Identity;

namespace Portico.Host.CommandLine;

/// <summary><c>portico console</c>: who works at the console, and the way in on a fresh install.</summary>
internal static class ConsoleCommands
{
    public static Command Console(HostSettings settings) => new("console", "Who works at the console: the first way in, officers, and what they may do where.")
    {
        Bootstrap(settings), Officer(settings), Activate(settings), Identity(settings), Grant(settings), Revoke(settings), List(settings),
    };

    static Command Bootstrap(HostSettings settings)
    {
        var command = new Command("bootstrap", "Print a code by which somebody becomes an administrator of the service centre at /console/accesso/avvio: once, within an hour. Codes printed before are worth nothing any more.");
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            System.Console.WriteLine(await app.Container.Resolve<OfficerRegister>().NewBootstrapCode(SettingsCommands.Operator, stop));
            System.Console.Error.WriteLine("Open /console/accesso/avvio on the host's own name within an hour. Whoever has this code becomes administrator.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command Officer(HostSettings settings)
    {
        var name = new Argument<string>("name") { Description = "Name and surname, as pages show it." };
        var login = new Option<string?>("--login") { Description = "By which he signs in with a password; without it only a provider of identities can know him.", HelpName = "name" };
        var command = new Command("officer", "Write down an officer, and print the number under which the journal knows him. He has nothing until something is granted.") { name, login };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var outcome = await app.Container.Resolve<OfficerRegister>().Create(parsed.GetValue(name)!, parsed.GetValue(login), null, SettingsCommands.Operator, stop);
            if (outcome.Refusal is { } refusal)
                return PorticoCommands.Fail(Words(refusal.Code, refusal.Detail));
            System.Console.WriteLine(outcome.Value);
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command Identity(HostSettings settings)
    {
        var officer = new Argument<Guid>("officer") { Description = "His number, as \"list\" prints it." };
        var provider = new Argument<string>("provider") { Description = "Its name in PORTICO_SignIn__name__Authority." };
        var subject = new Option<string?>("--subject") { Description = "What the provider calls him (claim sub).", HelpName = "sub" };
        var taxCode = new Option<string?>("--tax-code") { Description = "His tax code, where the provider tells it: SPID and CIE do.", HelpName = "code" };
        var command = new Command("identity", "Let an officer sign in by a provider of identities. Signing in gives nothing that was not granted.") { officer, provider, subject, taxCode };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            if (await app.Container.Resolve<OfficerRegister>().Bind(
                parsed.GetValue(officer), parsed.GetValue(provider)!.ToLowerInvariant(), parsed.GetValue(subject), parsed.GetValue(taxCode), SettingsCommands.Operator, stop) is { } refusal)
                return PorticoCommands.Fail(refusal.Code == OfficerRefusals.NoOfficer ? "No officer has this number: see \"portico console list\"."
                    : "It cannot be bound: say either --subject or --tax-code, a right one, and one that is nobody's yet.");
            System.Console.WriteLine("Bound.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command Activate(HostSettings settings)
    {
        var officer = new Argument<Guid>("officer") { Description = "His number, as \"list\" prints it." };
        var command = new Command("activate", "Print a code by which an officer chooses a password at /console/accesso/attiva, once within three days. His old password and second factor are gone at once.") { officer };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var outcome = await app.Container.Resolve<OfficerRegister>().NewActivationCode(parsed.GetValue(officer), SettingsCommands.Operator, stop);
            if (outcome.Refusal is not null)
                return PorticoCommands.Fail("No officer with a login has this number: see \"portico console list\".");
            System.Console.WriteLine(outcome.Value);
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command Grant(HostSettings settings)
    {
        var officer = new Argument<Guid>("officer") { Description = "His number, as \"list\" prints it." };
        var entity = Entity("Code of the entity; 000 is the service centre, where it holds for all.");
        var role = new Argument<string>("role") { Description = string.Join(", ", OfficerRoles.All) + "." };
        var scope = new Argument<string>("scope") { Description = "Of an officer the service's id, of a permission its name.", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = _ => "" };
        var from = new Option<DateOnly?>("--from") { Description = "First day, yyyy-mm-dd; today without it.", HelpName = "day" };
        var until = new Option<DateOnly?>("--until") { Description = "First day on which it is valid no more.", HelpName = "day" };
        var command = new Command("grant", "Give an officer a role or a single permission at an entity.") { officer, role, scope, entity, from, until };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var where = await Where(app, parsed.GetValue(entity)!, stop);
            var outcome = await app.Container.Resolve<OfficerRegister>().Grant(
                parsed.GetValue(officer), where, parsed.GetValue(role)!, parsed.GetValue(scope)!, parsed.GetValue(from), parsed.GetValue(until), SettingsCommands.Operator, stop);
            if (outcome.Refusal is { } refusal)
                return PorticoCommands.Fail(Words(refusal.Code, refusal.Detail));
            System.Console.WriteLine(outcome.Value);
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command Revoke(HostSettings settings)
    {
        var grant = new Argument<Guid>("grant") { Description = "Its number, as \"list\" prints it." };
        var entity = Entity("Code of the entity at which it was granted.");
        var command = new Command("revoke", "Take a grant back and sign the officer out everywhere.") { grant, entity };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var outcome = await app.Container.Resolve<OfficerRegister>().Revoke(parsed.GetValue(grant), await Where(app, parsed.GetValue(entity)!, stop), SettingsCommands.Operator, stop);
            if (outcome.Refusal is { } refusal)
                return PorticoCommands.Fail(Words(refusal.Code, refusal.Detail));
            System.Console.WriteLine($"{parsed.GetValue(grant)} is taken back.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command List(HostSettings settings)
    {
        var entity = new Option<string?>("--entity") { Description = "Code of one entity; without it, all.", HelpName = "code" };
        var all = new Option<bool>("--all") { Description = "Also grants that were taken back or are over." };
        var command = new Command("list", "Officers and what they were given: officer, name, login, grant, entity, role, scope, from, until, by whom.") { entity, all };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var where = parsed.GetValue(entity) is { } code ? await Where(app, code, stop) : (EntityId?)null;
            var register = app.Container.Resolve<OfficerRegister>();
            var known = await app.Container.Resolve<EntityDirectory>().Current(stop);
            var grants = (await register.Grants(where, null, stop)).Where(grant => parsed.GetValue(all) || grant.RevokedAt is null).ToLookup(grant => grant.OfficerId);
            foreach (var officer in await register.List(where, stop))
                foreach (var grant in grants[officer.OfficerId].DefaultIfEmpty(null!))
                    System.Console.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{officer.OfficerId}\t{officer.Name}\t{officer.Login ?? "-"}\t{(grant is null ? "-" : $"{grant.GrantId}\t{known.ById(grant.Entity)?.Code ?? "000"}\t{grant.Role}\t{(grant.Scope.Length > 0 ? grant.Scope : "-")}\t{grant.ValidFrom:yyyy-MM-dd}\t{(grant.ValidUntil is { } until ? until.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : "-")}\t{grant.GrantedBy}{(grant.RevokedAt is null ? "" : $"\ttaken back by {grant.RevokedBy}")}")}"));
            return PorticoCommands.Done;
        });
        return command;
    }

    static Option<string> Entity(string description) => new("--entity") { Description = description, Required = true, HelpName = "code" };

    /// <summary>The service centre is there before any entity was loaded.</summary>
    static async Task<EntityId> Where(PorticoApp app, string code, CancellationToken stop) => code == "000" ? EntityId.Centre : (await SettingsCommands.Named(app, code, stop)).Id;

    static string Words(string code, string? detail) => code switch
    {
        OfficerRefusals.Login => "A login is 3 to 100 lower-case letters, digits, dots, hyphens or @.",
        OfficerRefusals.LoginTaken => "Somebody else has this login.",
        OfficerRefusals.Name => "A name has 1 to 120 characters.",
        OfficerRefusals.NoOfficer => "No officer has this number: see \"portico console list\".",
        OfficerRefusals.NoGrant => "At this entity there is no such grant, or it was taken back already.",
        OfficerRefusals.GrantThere => "He has that already; to change its days take it back first.",
        OfficerRefusals.Role => $"There is no such role. There are: {detail}.",
        OfficerRefusals.Scope => string.IsNullOrEmpty(detail) ? "This role has no scope." : $"There is no such scope. There are: {detail}.",
        OfficerRefusals.Days => "It would never be valid: --until is not after --from.",
        _ => code,
    };
}
