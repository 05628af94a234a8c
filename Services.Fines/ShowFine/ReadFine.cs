using Platform.Core.Commands;
using Platform.Core.Storage;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Reads a fine that was found before: the id comes out of a sealed link, never from what a browser typed.</summary>
internal sealed record ReadFine(Guid Id) : ICommand<Outcome<Fine>>;

internal sealed class ReadFineHandler(ISessions sessions) : ICommandHandler<ReadFine, Outcome<Fine>>
{
    public async Task<Outcome<Fine>> Handle(ReadFine command, CancellationToken stop) =>
        await sessions.Run(session => Fine.Find(session, command.Id), stop) is { } fine ? fine : new Refusal(FineRefusals.NotFound);
}
