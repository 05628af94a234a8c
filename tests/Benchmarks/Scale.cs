namespace Portico.Benchmarks;

/// <summary>How much is measured. The budgets are the same for all.</summary>
/// <param name="Payments">Per slice; product and floor take slices in turn.</param>
/// <param name="Slices">Pairs that count. One more pair before them warms up.</param>
/// <param name="Registers">Fines in the register, growing.</param>
/// <param name="Searched">Payments among which an officer searches, growing.</param>
/// <param name="LookUps">Timed at each size, after a tenth as many to warm up.</param>
/// <param name="Imports">Lines of each, growing; none has a line of another.</param>
/// <param name="Starts">Of the host as a program of its own.</param>
internal sealed record Scale(
    int Payments, int Slices, int Clients, int Repeats, IReadOnlyList<int> Registers, int LookUps, int Entities, int Starts, TimeSpan Idle, IReadOnlyList<int> Imports,
    int JournalEntries, int Events, IReadOnlyList<int> Searched)
{
    public static readonly Scale Normal = new(
        Payments: 80, Slices: 5, Clients: 8, Repeats: 9, Registers: [10_000, 1_000_000], LookUps: 1_000, Entities: 1_000, Starts: 3, Idle: TimeSpan.FromSeconds(5),
        Imports: [1_000, 20_000, 100_000], JournalEntries: 20_000, Events: 1_000, Searched: [10_000, 1_000_000]);

    public static readonly Scale Large = Normal with { Payments = 200, Slices = 9, Registers = [10_000, 1_000_000, 10_000_000], LookUps = 5_000, Starts = 9, JournalEntries = 40_000, Events = 4_000 };

    /// <summary>Says nothing about speed, only that everything is still measured.</summary>
    public static readonly Scale Tiny = new(
        Payments: 4, Slices: 1, Clients: 2, Repeats: 1, Registers: [100, 1_000], LookUps: 10, Entities: 20, Starts: 1, Idle: TimeSpan.Zero,
        Imports: [10], JournalEntries: 50, Events: 10, Searched: [100, 1_000]);
}
