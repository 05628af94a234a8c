namespace Portico.Budgets;

/// <summary>What a start took to its first page, and what it holds then.</summary>
internal sealed record Started(double Milliseconds, double ResidentMiB);
