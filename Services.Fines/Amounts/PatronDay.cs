using System.Runtime.InteropServices;

namespace Services.Fines.Amounts;

/// <summary>The feast of a municipality's patron saint, a holiday there every year; <see cref="None"/> where it is not known.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PatronDay(int Month, int Day)
{
    public static PatronDay None => default;

    public bool Is(DateOnly day) => day.Month == Month && day.Day == Day;
}
