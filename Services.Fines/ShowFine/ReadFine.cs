using Platform.Core.Commands;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Reads a fine that was found before: the id comes out of a sealed link, never from what a browser typed.</summary>
internal sealed record ReadFine(Guid Id) : ICommand<Outcome<ReadFine.Answer>>
{
    internal sealed record Answer(Fine Fine, FinesSettings Settings);
}

internal sealed class ReadFineHandler(ISessions sessions, ISettings<FinesSettings> settings) : ICommandHandler<ReadFine, Outcome<ReadFine.Answer>>
{
    public Task<Outcome<ReadFine.Answer>> Handle(ReadFine command, CancellationToken stop) => sessions.Run<Outcome<ReadFine.Answer>>(
        async session => await Fine.Find(session, command.Id) is { } fine ? new ReadFine.Answer(fine, await settings.Read(session)) : new Refusal(FineRefusals.NotFound),
        stop);
}
