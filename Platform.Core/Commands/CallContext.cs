using Platform.Core.Entities;
using Platform.Core.Identity;

namespace Platform.Core.Commands;

/// <summary>For whom and by whom the current code runs. Set by the platform from the address, the order number or the delivery, never from a message.</summary>
/// <param name="Creditor">Owner of every row this call reads or writes.</param>
/// <param name="ShownBy">The municipality whose page is being used; equal to the creditor where there is no page.</param>
/// <param name="Module">The module whose code runs: its database role is the one in force.</param>
/// <param name="Caller">The module that sent the command being handled; equal to <paramref name="Module"/> at the outermost level.</param>
public sealed record CallContext(EntityId Creditor, EntityId ShownBy, string Module, string Caller)
{
    /// <summary>Who is signed in where the call comes from a page of the console; otherwise null. What he does is in the journal under his number.</summary>
    public Officer? Officer { get; init; }

    /// <summary>A browser's request began it: what needs a permission needs an officer who has it.</summary>
    internal bool FromPage { get; init; }

    /// <summary>Who does it, as the journal writes it.</summary>
    internal string Actor => Officer is { } officer ? officer.Actor : Caller;
}
