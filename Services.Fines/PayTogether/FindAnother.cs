using Platform.Core.Commands;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>
/// Looks up another fine of the plate whose fines are in the citizen's hand, to be paid with them. He shows less than at the first, so he learns less: whether it does
/// not exist, is another plate's or cannot be paid here, the answer and the statements are the same.
/// </summary>
/// <param name="InHand">Out of a sealed link.</param>
internal sealed record FindAnother(IReadOnlyList<Guid> InHand, FineNumber Name) : ICommand<Outcome<Guid>>;

internal sealed class FindAnotherHandler(ISessions sessions, ISettings<FinesSettings> settings, TimeProvider time) : ICommandHandler<FindAnother, Outcome<Guid>>
{
    public async Task<Outcome<Guid>> Handle(FindAnother command, CancellationToken stop)
    {
        var (inHand, found, decided) = await sessions.Run(
            async session => (await Fine.List(session, command.InHand), await Fine.Find(session, command.Name), await settings.Read(session)), stop);
        var plate = inHand.Count > 0 ? inHand[0].Plate : "";
        var same = Proof.Same(default, found?.Plate ?? "", default, plate);
        var payable = found?.NotPayable(LegalTime.Day(time.GetUtcNow()), decided) is null;
        return same & payable & found is not null ? found!.Id : new Refusal(FineRefusals.NotAddable);
    }
}

/// <summary>Reads fines that were found before, for the list in which they are paid together.</summary>
internal sealed record ReadFines(IReadOnlyList<Guid> Ids) : ICommand<ReadFines.Answer>
{
    /// <param name="Fines">In the order asked for, without those that are gone.</param>
    internal sealed record Answer(IReadOnlyList<Fine> Fines, FinesSettings Settings);
}

internal sealed class ReadFinesHandler(ISessions sessions, ISettings<FinesSettings> settings) : ICommandHandler<ReadFines, ReadFines.Answer>
{
    public Task<ReadFines.Answer> Handle(ReadFines command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            var fines = (await Fine.List(session, command.Ids)).ToDictionary(fine => fine.Id);
            return new ReadFines.Answer([.. command.Ids.Where(fines.ContainsKey).Select(id => fines[id])], await settings.Read(session));
        },
        stop);
}
