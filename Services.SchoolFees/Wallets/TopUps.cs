using Platform.Core.Commands;
using Platform.Core.Mail;
using Platform.Core.Money;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.SchoolFees.Billing;

namespace Services.SchoolFees.Wallets;

/// <summary>A family is about to put money into a wallet. The same drawn form and amount is the same position.</summary>
/// <param name="Attempt">Of the drawn form.</param>
internal sealed record BeginTopUp(Guid Wallet, Euro Amount, Guid Attempt) : ICommand<Outcome<OpenPosition>>;

internal sealed class BeginTopUpHandler(ISessions sessions, TimeProvider time) : ICommandHandler<BeginTopUp, Outcome<OpenPosition>>
{
    public const long Least = 100, Most = 50_000;

    // Who has not come back from the bank by then begins anew; what the bank takes later all the same arrives.
    const int Days = 7;

    public Task<Outcome<OpenPosition>> Handle(BeginTopUp command, CancellationToken stop) => sessions.Run<Outcome<OpenPosition>>(
        async session =>
        {
            if (command.Amount.Cents is < Least or > Most || await Wallet.Find(session, command.Wallet) is not { } wallet)
                return new Refusal(BillRefusals.NotFound);
            var now = time.GetUtcNow();
            await session.Execute(
                """
                insert into schoolfees.topup (entity_id, topup_id, wallet_id, payer_id, attempt, code, cents, asked_at) values (@entity, @id, @Wallet, @Payer, @Attempt, @code, @Amount, @now)
                on conflict (entity_id, wallet_id, attempt, cents) do nothing
                """, new { entity = session.Entity, id = Guid.CreateVersion7(now), command.Wallet, wallet.Payer, command.Attempt, code = TopUp.Prefix + BillCode.New(), command.Amount, now });
            var topUp = (await session.First<TopUp>(
                TopUp.Columns + "where t.entity_id = @entity and t.wallet_id = @Wallet and t.attempt = @Attempt and t.cents = @Amount", new { entity = session.Entity, command.Wallet, command.Attempt, command.Amount }))!;
            var today = LegalTime.Day(now);
            // Without anybody's name: it is printed on receipts and told to the bank.
            return new OpenPosition(topUp.Code, $"{topUp.Service}, ricarica del borsellino {wallet.Code}", new(today, [new(topUp.Service, topUp.TaxCode, topUp.Account, topUp.Cents)], today.AddDays(Days)))
            {
                Debtor = new(Platform.Core.Identity.TaxCode.TryParse(topUp.PayerTaxCode, out var code) ? code.Value : null, topUp.PayerName.Length <= 140 ? topUp.PayerName : topUp.PayerName[..140]),
            };
        },
        stop);
}

/// <summary>What became of money that was put in: lines of its order, each time the difference to what they stand at, so that a repetition writes nothing.</summary>
internal sealed class FollowTopUp(ISettings<SchoolFeesSettings> settings, IMail mail, TimeProvider time)
{
    public static bool Is(string reference) => reference.StartsWith(TopUp.Prefix, StringComparison.Ordinal);

    /// <exception cref="InvalidOperationException">There is no such top-up: an officer must see it, for money was taken.</exception>
    public async Task Paid(PositionPaid happened, IEntitySession session)
    {
        var topUp = await Known(session, happened.Position.Reference) ?? throw new InvalidOperationException($"Order {happened.OrderNumber} paid {happened.Position.Reference}, which is not in the register.");
        await Stand(session, topUp, $"order/{happened.OrderNumber}", happened.OrderNumber, happened.Amount, "topup", "topup_reversed", happened.At);
        session.Record("schoolfees.topped_up", new { topup = topUp.Code, order = happened.OrderNumber, cents = happened.Amount.Cents });
        await Tell(session, topUp);
    }

    public async Task Reversed(PositionReversed happened, IEntitySession session)
    {
        if (await Known(session, happened.Position.Reference) is not { } topUp)
            return;
        // The bank holds nothing of it any more, whatever of it had been given back: the order's lines and its refunds' come to nothing together.
        var refunded = await session.First<Euro>(
            "select coalesce(sum(cents), 0)::bigint from schoolfees.wallet_line where entity_id = @entity and topup_id = @Id and order_number = @OrderNumber and kind = 'refund'",
            new { entity = session.Entity, topUp.Id, happened.OrderNumber });
        await Stand(session, topUp, $"order/{happened.OrderNumber}", happened.OrderNumber, Euro.Zero - refunded, "topup", "topup_reversed", happened.At);
        session.Record("schoolfees.topup_reversed", new { topup = topUp.Code, order = happened.OrderNumber });
        await Tell(session, topUp);
    }

    public async Task Refunded(PositionRefunded happened, IEntitySession session)
    {
        var topUp = await Known(session, happened.Position.Reference) ?? throw new InvalidOperationException($"Refund {happened.Refund} is of {happened.Position.Reference}, which is not in the register.");
        if (happened.Amount > Euro.Zero)
            await Stand(session, topUp, $"refund/{happened.Refund}", happened.OrderNumber, Euro.Zero - happened.Amount, "topup", "refund", happened.At);
        session.Record("schoolfees.topup_refunded", new { topup = topUp.Code, order = happened.OrderNumber, refund = happened.Refund, cents = happened.Amount.Cents });
        await Tell(session, topUp);
    }

    static Task<TopUp?> Known(IEntitySession session, string code) => session.First<TopUp>(TopUp.Columns + "where t.entity_id = @entity and t.code = @code", new { entity = session.Entity, code });

    /// <summary>Brings what a cause stands at to an amount. Under the wallet's lock.</summary>
    async Task Stand(IEntitySession session, TopUp topUp, string cause, string order, Euro amount, string more, string less, DateTimeOffset at)
    {
        await session.Execute("select from schoolfees.wallet where entity_id = @entity and wallet_id = @Wallet for update", new { entity = session.Entity, topUp.Wallet });
        await session.Execute(
            """
            insert into schoolfees.wallet_line (entity_id, wallet_id, cause, n, kind, day, cents, topup_id, order_number, written_at)
            select @entity, @Wallet, @cause, s.n + 1, case when @amount > s.cents then @more else @less end, @day, @amount - s.cents, @Id, @order, @now
              from (select coalesce(max(n), 0) as n, coalesce(sum(cents), 0)::bigint as cents from schoolfees.wallet_line where entity_id = @entity and wallet_id = @Wallet and cause = @cause) s
             where s.cents <> @amount
            """, new { entity = session.Entity, topUp.Wallet, topUp.Id, cause, order, amount, more, less, day = LegalTime.Day(at), now = time.GetUtcNow() });
    }

    async Task Tell(IEntitySession session, TopUp topUp)
    {
        var service = (await session.First<string>("select service_id from schoolfees.wallet where entity_id = @entity and wallet_id = @Wallet", new { entity = session.Entity, topUp.Wallet }))!;
        await Crossings.Tell(session, service, topUp.Wallet, await settings.Read(session), mail);
    }
}
