using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Platform.Core.Commands;
using Platform.Core.Storage;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Looks a fine up for who holds its paper: all three must match. A fine that does not exist and one that is another's get the same answer by the same way.</summary>
internal sealed record FindFine(FineNumber Name, DateOnly ViolatedOn, Plate Plate) : ICommand<Outcome<Guid>>;

internal sealed class FindFineHandler(ISessions sessions) : ICommandHandler<FindFine, Outcome<Guid>>
{
    public async Task<Outcome<Guid>> Handle(FindFine command, CancellationToken stop)
    {
        var found = await sessions.Run(session => session.First<Row>(
            """
            select fine_id as id, violated_on as violatedOn, plate
            from fines.fine
            where entity_id = @entity and series = @series and year = @year and number = @number
            """, new { entity = session.Entity, series = command.Name.Series, year = command.Name.Year, number = command.Name.Number }), stop);

        var row = found ?? Nobody;
        return Proof.Same(row.ViolatedOn, row.Plate, command.ViolatedOn, command.Plate.Value) & found is not null
            ? row.Id
            : new Refusal(FineRefusals.NotFound);
    }

    static readonly Row Nobody = new(Guid.Empty, DateOnly.MinValue, "");

    sealed record Row(Guid Id, DateOnly ViolatedOn, string Plate);
}

/// <summary>Compares what a citizen typed with what the register holds, in a time that does not depend on where they differ.</summary>
internal static class Proof
{
    public static bool Same(DateOnly knownDay, string knownPlate, DateOnly typedDay, string typedPlate)
    {
        Span<byte> known = stackalloc byte[Length];
        Span<byte> typed = stackalloc byte[Length];
        Write(known, knownDay, knownPlate);
        Write(typed, typedDay, typedPlate);
        return CryptographicOperations.FixedTimeEquals(known, typed);
    }

    const int Length = sizeof(int) + Plate.MaxLength;

    static void Write(Span<byte> into, DateOnly day, string plate)
    {
        into.Clear();
        BinaryPrimitives.WriteInt32BigEndian(into, day.DayNumber);
        Encoding.ASCII.GetBytes(plate, into[sizeof(int)..]);
    }
}
