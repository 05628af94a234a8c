using Platform.Core.Commands;
using Platform.Core.Money;

namespace Platform.Payments;

/// <summary>Number of a position (posizione debitoria).</summary>
public readonly record struct PositionId(Guid Value);

/// <summary>Number of a due: one amount of a position with a date.</summary>
public readonly record struct DueId(Guid Value);

/// <summary>
/// Opens something owed to the creditor of the call, or brings an open one up to date: an upsert by (creditor, calling service, <see cref="Reference"/>).
/// </summary>
/// <remarks>
/// Idempotent by its key in the database, so it needs no key of an <see cref="IIdempotentCommand{TResult}"/>, whose kept answer could be older than the truth: <c>Paid</c>
/// is of now. A due that is paid or cancelled is never touched; lines of an open one are replaced. One that has expired is open again when its new last day is not
/// over. Repeated by itself when its transaction stood in another's way: it is one transaction, and calls nobody.
/// </remarks>
/// <param name="Reference">What the service calls it, unique within creditor and service; 1 to 80 characters.</param>
/// <param name="Title">What the citizen and the receipt call it, without personal data: <c>Verbale V/2026/1042</c>; 1 to 140 characters.</param>
/// <param name="Due">The amount owed as a whole.</param>
public sealed record OpenPosition(string Reference, string Title, DuePlan Due) : ICommand<OpenedPosition>, IRetryable
{
    /// <summary>Who owes it, where the service knows; officers find payments by it. Opening the position again without it leaves it as it is.</summary>
    public Debtor? Debtor { get; init; }

    /// <summary>
    /// The owner keeps what a bank takes less than a due costs as a payment on account: it hears <see cref="PositionAmount"/> and asks for the rest by a position of its own. So the book
    /// counts as income what was taken, and no officer is asked. Without it the due was paid, what is missing stays a claim in the book, and an officer has a task.
    /// </summary>
    public bool OnAccount { get; init; }

    /// <summary>Plans of instalments by which it may be paid instead of at once, at most 5. The first way of which something is paid closes the others.</summary>
    /// <remarks>
    /// Opening it again replaces what is unpaid of each. A plan, or an instalment, that is not named any more can no longer be paid, unless something of its plan is paid or a payer
    /// is at the bank with it: a chosen plan keeps its instalments.
    /// </remarks>
    public IReadOnlyList<InstalmentPlan> Plans { get; init; } = [];
}

/// <summary>A position in instalments.</summary>
/// <param name="Name">Of the service's own choice, kept for good: 1 to 20 lower-case letters, digits and hyphens, beginning with a letter, not <c>single</c>.</param>
/// <param name="Instalments">2 to 60, numbered from 1 in this order, each due no earlier than the one before. What they add up to may be another amount than the whole at once.</param>
public sealed record InstalmentPlan(string Name, IReadOnlyList<DuePlan> Instalments);

/// <summary>Who owes a position. Kept in the one table of payments that is meant for personal data, and never logged: its text has none.</summary>
/// <param name="TaxCode">A tax code as <c>TaxCode</c> reads it, or null.</param>
/// <param name="Name">Given and family name, or a body's name; at most 140 characters, or null.</param>
public sealed record Debtor(string? TaxCode, string? Name)
{
    public override string ToString() => "a debtor";
}

/// <summary>An amount with a date. The amount is the sum of its lines and stands nowhere else.</summary>
/// <param name="DueOn">Last legal day on which this amount is right.</param>
/// <param name="ExpiresOn">
/// Last legal day on which it can be paid here at all; none for what is owed until it is paid. Then <see cref="PositionExpired"/> is raised. Money that a bank
/// takes later all the same is kept and flagged.
/// </param>
public sealed record DuePlan(DateOnly DueOn, IReadOnlyList<AmountLine> Lines, DateOnly? ExpiresOn = null);

/// <summary>A part of an amount.</summary>
/// <param name="Label">Words for the citizen: <c>Sanzione</c>, <c>Spese di notifica</c>.</param>
/// <param name="TaxCode">pagoPA taxonomy code ("dati specifici di incasso"), for instance <c>9/0102100SA/</c>.</param>
/// <param name="Account">The creditor's accounting entry.</param>
/// <param name="Amount">More than zero.</param>
public sealed record AmountLine(string Label, string TaxCode, string Account, Euro Amount);

/// <summary>What <see cref="OpenPosition"/> opened or found.</summary>
/// <param name="Paid">True when the due is paid already.</param>
public sealed record OpenedPosition(PositionId Position, DueId Due, bool Paid)
{
    /// <summary>The instalments of its plans, by plan and number; none where it has no plans.</summary>
    public IReadOnlyList<OpenedInstalment> Instalments { get; init; } = [];
}

/// <summary>An instalment as <see cref="OpenPosition"/> left it.</summary>
/// <param name="Payable">Not while another way of paying is chosen, and not once it is paid, withdrawn or over.</param>
public sealed record OpenedInstalment(DueId Due, string Plan, int Number, bool Payable, bool Paid);
