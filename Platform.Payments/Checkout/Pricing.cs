using Autofac;
using Microsoft.Extensions.Logging;
using Platform.Core.Commands;
using Platform.Core.Hosting;
using Platform.Core.Money;
using Platform.Core.Time;

namespace Platform.Payments.Checkout;

/// <summary>Asks the service that owns a position what it costs.</summary>
internal sealed class Pricing(CallContext call, CallScopes scopes, ILogger<Pricing> log)
{
    static readonly TimeSpan OwnerMayTake = TimeSpan.FromSeconds(2);

    /// <summary>The owner's answer; null when it gave none, in time or at all, or one that is no amount.</summary>
    public Task<Quote?> Of(PositionKey position, DateOnly day, CancellationToken stop) =>
        Ask(position, async (owner, cut) => await owner.Reprice(position, day, cut), stop);

    /// <summary>As <see cref="Of"/>, of an instalment; where the owner leaves it as it was opened, that is its price until the day is over.</summary>
    public async Task<Quote?> OfInstalment(PositionKey position, string plan, int number, Func<Task<IReadOnlyList<AmountLine>>> asOpened, DateOnly day, CancellationToken stop)
    {
        var unchanged = false;
        var quote = await Ask(
            position,
            async (owner, cut) =>
            {
                var told = await owner.RepriceInstalment(position, plan, number, day, cut);
                unchanged = told is null;
                return told;
            },
            stop);
        return unchanged ? new Quote.Priced(await asOpened(), LegalTime.EndOf(day)) : quote;
    }

    /// <summary>What the service would open for a reference that is not open yet; null when it knows none, fails or is silent.</summary>
    public async Task<OpenPosition?> Unopened(string service, string reference, DateOnly day, CancellationToken stop)
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(stop);
        cut.CancelAfter(OwnerMayTake);
        try
        {
            return await scopes.In<OpenPosition?>(call.Creditor, call.ShownBy, service, async scope => scope.ResolveOptionalKeyed<IPositionOwner>(service) is { } owner
                ? await Task.Run(async () => await owner.Unopened(reference, day, cut.Token), CancellationToken.None).WaitAsync(OwnerMayTake, stop) : null);
        }
        catch (Exception wrong) when (!stop.IsCancellationRequested)
        {
            log.LogError(wrong, "The service {Service} could not say what an officer looks for at entity {Entity}; nothing was opened.", service, call.Creditor.Value);
            return null;
        }
    }

    async Task<Quote?> Ask(PositionKey position, Func<IPositionOwner, CancellationToken, Task<Quote?>> ask, CancellationToken stop)
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(stop);
        cut.CancelAfter(OwnerMayTake);
        try
        {
            var quote = await scopes.In<Quote?>(call.Creditor, call.ShownBy, position.Service, async scope =>
            {
                if (scope.ResolveOptionalKeyed<IPositionOwner>(position.Service) is not { } owner)
                    return new Quote.Refused("payments.no_owner");
                // On a thread of its own: an owner that blocks is cut off like one that waits.
                return await Task.Run(() => ask(owner, cut.Token), CancellationToken.None).WaitAsync(OwnerMayTake, stop);
            });
            return quote is Quote.Priced priced && (priced.Lines.Count == 0 || priced.Lines.Any(line => line.Amount <= Euro.Zero)) ? null : quote;
        }
        catch (Exception wrong) when (!stop.IsCancellationRequested)
        {
            log.LogError(wrong, "The service {Service} could not price a position of entity {Entity}; nothing was charged.", position.Service, call.Creditor.Value);
            return null;
        }
    }
}
