using Platform.Core.Watch;

namespace Platform.Payments.Checkout;

/// <summary>Agreements with banks whose last day was written down.</summary>
internal sealed class AgreementsExpiring(Agreements agreements) : IExpiring
{
    public async Task<IReadOnlyList<Expiry>> Between(DateOnly from, DateOnly last, CancellationToken stop) =>
    [
        .. (await agreements.Judge(stop)).Where(bank => bank.Until?.AddDays(-1) >= from && bank.Until?.AddDays(-1) <= last)
            .Select(bank => new Expiry("agreement", bank.Id.ToString(), bank.Owner, bank.Until!.Value.AddDays(-1))),
    ];
}
