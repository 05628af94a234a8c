namespace Platform.Core.Commands;

/// <summary>Why something that may well be asked was not done. A value, not an exception.</summary>
/// <param name="Code">Stable, machine-readable: <c>fines.already_paid</c>. Pages look their words up by it.</param>
/// <param name="Detail">What the words need, or null. Never personal data.</param>
public sealed record Refusal(string Code, string? Detail = null);

/// <summary>Either the value asked for or the reason why not.</summary>
public sealed class Outcome<T>
{
    readonly T? _value;

    Outcome(T? value, Refusal? refusal)
    {
        _value = value;
        Refusal = refusal;
    }

    /// <summary>The reason, or null when it was done.</summary>
    public Refusal? Refusal { get; }

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">It was refused.</exception>
    public T Value => Refusal is null ? _value! : throw new InvalidOperationException($"Refused: {Refusal.Code}.");

    public static implicit operator Outcome<T>(T value) => new(value, null);
    public static implicit operator Outcome<T>(Refusal refusal) => new(default, refusal ?? throw new ArgumentNullException(nameof(refusal)));
}
