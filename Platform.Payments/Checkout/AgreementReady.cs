using Platform.Core.Entities;
using Platform.Core.Office;
using Platform.Core.Plugins;
using Platform.Core.Settings;
using Platform.Core.Time;

namespace Platform.Payments.Checkout;

/// <summary>Whether a creditor's citizens could pay today: by its own agreement with a bank or by the service centre's.</summary>
internal sealed class AgreementReady(Agreements agreements, TimeProvider clock) : IReadyCheck
{
    public async ValueTask<IReadOnlyList<Readiness>> Of(string service, Entity creditor, CancellationToken stop) =>
        await agreements.For(creditor.Id, LegalTime.Day(clock.GetUtcNow()), stop) is { } bank
            ? [new(true, $"Citizens can pay by {bank.Gateway.Id}, by the agreement of {(bank.Owner == creditor.Id ? creditor.Name : "the service centre")}.") { Italian = $"I cittadini possono pagare con {bank.Gateway.Id}, con la convenzione {(bank.Owner == creditor.Id ? $"di {creditor.Name}" : "del centro servizi")}." }]
            : [new(false, "No agreement with a bank can be used today, so nobody can pay: see \"portico check\" and \"portico agreement set --help\".") { Italian = "Oggi nessuna convenzione con una banca si può usare: nessuno può pagare. Lo sistema chi gestisce il programma." }];
}
