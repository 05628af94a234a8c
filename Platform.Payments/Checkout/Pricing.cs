using Autofac;
using Microsoft.Extensions.Logging;
using Platform.Core.Commands;
using Platform.Core.Hosting;
using Platform.Core.Money;

namespace Platform.Payments.Checkout;

/// <summary>Asks the service that owns a position what it costs.</summary>
internal sealed class Pricing(CallContext call, CallScopes scopes, ILogger<Pricing> log)
{
    static readonly TimeSpan OwnerMayTake = TimeSpan.FromSeconds(2);

    /// <summary>The owner's answer; null when it gave none, in time or at all, or one that is no amount.</summary>
    public async Task<Quote?> Of(PositionKey position, DateOnly day, CancellationToken stop)
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(stop);
        cut.CancelAfter(OwnerMayTake);
        try
        {
            var quote = await scopes.In<Quote>(call.Creditor, call.ShownBy, position.Service, async scope =>
            {
                if (scope.ResolveOptionalKeyed<IPositionOwner>(position.Service) is not { } owner)
                    return new Quote.Refused("payments.no_owner");
                // On a thread of its own: an owner that blocks is cut off like one that waits.
                return await Task.Run(() => owner.Reprice(position, day, cut.Token).AsTask(), CancellationToken.None).WaitAsync(OwnerMayTake, stop);
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
