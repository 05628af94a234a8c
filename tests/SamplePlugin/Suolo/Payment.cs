namespace Suolo;

/// <summary>Tells payments what an occupation costs today.</summary>
internal sealed class Price(ICommands commands) : IPositionOwner
{
    public static OpenPosition Position(Occupation asked) =>
        new(asked.Id.ToString("N"), $"Suolo pubblico, {asked.Metres} m² per {asked.Days} giorni", new(asked.StartsOn, Lines(asked)));

    public async ValueTask<Quote> Reprice(PositionKey position, DateOnly legalDay, CancellationToken stop) =>
        await commands.Send(new Find(position.Reference), stop) is { PaidOrder: null } asked && legalDay <= asked.StartsOn
            ? new Quote.Priced(Lines(asked), LegalTime.EndOf(legalDay))
            : new Quote.Refused("suolo.closed");

    // In place of the nines: the code of this revenue in pagoPA's taxonomy, and the entry in the creditor's accounts.
    static AmountLine[] Lines(Occupation asked) => [new("Canone", "9/9999999XX/", "canone-suolo", asked.Costs)];
}

/// <summary>Hears that it was paid, or that the bank took the payment back.</summary>
internal sealed class FollowPayment : IReact<PositionPaid>, IReact<PositionReversed>
{
    public Task On(PositionPaid paid, IEntitySession session, CancellationToken stop) => Write(session, paid.Position, paid.OrderNumber);

    public Task On(PositionReversed reversed, IEntitySession session, CancellationToken stop) => Write(session, reversed.Position, null);

    static async Task Write(IEntitySession session, PositionKey position, string? order)
    {
        await session.Execute(
            "update suolo.occupation set paid_order = @order where entity_id = @entity and occupation_id = @id",
            new { entity = session.Entity, id = Guid.Parse(position.Reference), order });
        session.Record(order is null ? "suolo.reopened" : "suolo.paid", new { position.Reference, order });
    }
}
