using Autofac;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Payments;
using Platform.Testing;

namespace Platform.Core.Tests.Plugins;

/// <summary>Three services that own positions, in one host: each is asked for its own, and one that does not answer costs the others nothing.</summary>
public sealed class OwnersTests
{
    static readonly (string Id, string Answer)[] Owners =
    [
        ("prompt", "return new Platform.Payments.Quote.Priced(new[] { new Platform.Payments.AmountLine(\"Voce\", \"9/0102100SA/\", \"1\", new Platform.Core.Money.Euro(1000)) }, DateTimeOffset.MaxValue);"),
        ("broken", "throw new System.IO.IOException(\"asked to\");"),
        ("silent", "await Task.Delay(Timeout.Infinite, CancellationToken.None); throw new NotSupportedException();"),
    ];

    string _plugins = null!;

    [OneTimeSetUp]
    public void Plant()
    {
        _plugins = Directory.CreateTempSubdirectory("portico-owners-").FullName;
        foreach (var (id, answer) in Owners)
        {
            var owner =
                $$"""
                public sealed class Prices(Platform.Core.Storage.ISessions sessions) : Platform.Payments.IPositionOwner
                {
                    public async ValueTask<Platform.Payments.Quote> Reprice(Platform.Payments.PositionKey p, DateOnly day, CancellationToken stop)
                    {
                        await sessions.Run(s => s.Execute("insert into {{id}}.asked values (@entity, gen_random_uuid(), @asked)", new { entity = s.Entity, asked = p.Service + " " + p.Reference }), stop);
                        {{answer}}
                    }
                }
                """;
            Planted.Lay(_plugins, id, ("main", Planted.Compile(
                "Main." + id, Planted.Service(id, "p-" + id, describe: "s.Provides<Platform.Payments.IPositionOwner, Prices>();", more: owner), null, null,
                ($"V1__{id}.sql", $"create table {id}.asked (entity_id int, id uuid, what text, primary key (entity_id, id));"))));
        }
    }

    [OneTimeTearDown]
    public void Clear() => Directory.Delete(_plugins, recursive: true);

    [Test]
    public async Task Each_owner_is_asked_for_its_own_positions_and_one_that_fails_or_never_answers_hurts_no_other()
    {
        await using var host = await PorticoTestHost.Start(_plugins);
        host.Quarantined.Should().BeEmpty();
        var dues = new Dictionary<string, DueId>(StringComparer.Ordinal);
        foreach (var (id, _) in Owners)
            // One reference for all: only the service tells them apart.
            dues[id] = (await Send(host, id, new OpenPosition("42", "Posizione", new(new DateOnly(2026, 12, 31), [new("Voce", "9/0102100SA/", "1", new Euro(700))])))).Due;

        var together = Owners.Concat(Owners).Select(owner => Pay(host, owner.Id, dues[owner.Id])).ToList();
        var answers = await Task.WhenAll(together);

        answers.Select(answer => answer.Refusal?.Code ?? $"{answer.Value.Amount.Cents} cents").Should().Equal(
            "1000 cents", CheckoutRefusals.NotPriced, CheckoutRefusals.NotPriced, "1000 cents", CheckoutRefusals.NotPriced, CheckoutRefusals.NotPriced);
        foreach (var (id, _) in Owners)
            (await host.Database.Rows<string>($"select what from {id}.asked")).Should().Equal($"{id} 42", $"{id} 42");

        (await Pay(host, "prompt", dues["broken"])).Refusal!.Code.Should().Be(CheckoutRefusals.NotOpen, "it is not its own");
        (await host.Database.Value<int>("select count(*)::int from broken.asked")).Should().Be(2, "nobody asked its owner");
        (await host.Database.Rows<string>("select distinct service from payments.payment")).Should().Equal("prompt");
    }

    static Task<Outcome<StartedCheckout>> Pay(PorticoTestHost host, string service, DueId due) => Send(host, service, new StartCheckout(Guid.CreateVersion7(), [due], "ritorno", "it"));

    static Task<T> Send<T>(PorticoTestHost host, string service, ICommand<T> command) =>
        host.As(service, "URG", "BEN", scope => scope.Resolve<ICommands>().Send(command, CancellationToken.None));
}
