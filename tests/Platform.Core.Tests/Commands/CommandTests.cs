using FluentValidation;
using Platform.Testing;

namespace Platform.Core.Tests.Commands;

public sealed class CommandTests
{
    [Test]
    public async Task A_command_owns_its_transaction_and_a_refused_one_does_nothing()
    {
        await using var host = await PorticoTestHost.Start(Path.Combine(TestCluster.Artifacts, "test-plugins"));

        foreach (var what in (string[])["command", "session"])
            (await FluentActions.Awaiting(() => host.Import("probe", "inside", "MZB", what)).Should().ThrowAsync<InvalidOperationException>())
                .WithMessage("*while a transaction is open*");
        await FluentActions.Awaiting(() => host.Import("probe", "bad", "MZB", "")).Should().ThrowAsync<ValidationException>();

        (await host.Database.Value<int>("select count(*)::int from probe.stream")).Should().Be(0, "the outer transaction went with the refusal");
        (await host.Import("probe", "raise", "MZB", $"{Guid.NewGuid()};1")).Read.Should().Be(1, "the next one may");
        (await host.Database.Rows<string>("select actor || ' ' || kind from core.journal where kind = 'probe.happened'")).Should().Equal("probe probe.happened");
    }
}
