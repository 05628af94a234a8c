using Platform.Core.Commands;
using Platform.Core.Events;

namespace Platform.Core.Storage;

internal sealed class Sessions(Database database, CallContextHolder call, TimeProvider clock, Dispatcher dispatcher) : ISessions
{
    public async Task<T> Run<T>(Func<IEntitySession, Task<T>> work, CancellationToken stop)
    {
        var context = call.Context;
        var raised = false;
        var result = await database.Run(
            ModuleRoles.Of(context.Module), context.Creditor, context.Actor, clock,
            async session =>
            {
                if (call.Command is { } command)
                    session.Otherwise(command, context.Officer is null ? new { context.ShownBy } : new { context.ShownBy, SentBy = context.Caller });
                var answer = await work(session);
                raised = session.RaisedEvents;
                return answer;
            },
            stop);
        if (raised)
            dispatcher.Wake();
        return result;
    }
}

/// <summary>Names of database roles. A module's id has been checked against its pattern before it gets here.</summary>
internal static class ModuleRoles
{
    public const string Centre = "portico_centre";
    public const string Web = "portico_web";

    public static string Of(string module) => "portico_" + module;

    public static string OwnerOf(string module) => "portico_" + module + "_owner";
}
