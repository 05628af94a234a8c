namespace Suolo;

/// <summary>A piece of public ground that somebody asks to use.</summary>
public sealed record Occupation(Guid Id, string Place, DateOnly StartsOn, int Metres, int Days, string? PaidOrder)
{
    static readonly Euro Tariff = Euro.Of(0, 60); // a square metre, a day

    public Euro Costs => Tariff * (Metres * Days);
}

internal sealed record Ask(string Place, DateOnly StartsOn, int Metres, int Days) : ICommand<Guid>;

internal sealed class AskHandler(ISessions sessions) : ICommandHandler<Ask, Guid>
{
    public Task<Guid> Handle(Ask ask, CancellationToken stop) => sessions.Run(async session =>
    {
        var id = Guid.CreateVersion7();
        await session.Execute(
            """
            insert into suolo.occupation (entity_id, occupation_id, place, starts_on, metres, days)
            values (@entity, @id, @place, @startsOn, @metres, @days)
            """, new { entity = session.Entity, id, ask.Place, ask.StartsOn, ask.Metres, ask.Days });
        return id;
    }, stop);
}

internal sealed record Find(string Id) : ICommand<Occupation?>;

internal sealed class FindHandler(ISessions sessions) : ICommandHandler<Find, Occupation?>
{
    public Task<Occupation?> Handle(Find find, CancellationToken stop) => sessions.Run(session => session.First<Occupation>(
        """
        select occupation_id as id, place, starts_on as startsOn, metres, days, paid_order as paidOrder
          from suolo.occupation where entity_id = @entity and occupation_id = @id
        """, new { entity = session.Entity, id = Guid.Parse(find.Id) }), stop);
}
