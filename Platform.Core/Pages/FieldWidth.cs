namespace Platform.Core.Pages;

/// <summary>How wide a field is drawn on a desktop.</summary>
public enum FieldWidth
{
    Full,
    /// <summary>About twenty characters: the number of a notice.</summary>
    Medium,
    /// <summary>About ten: a date, a plate.</summary>
    Short,
}

/// <summary>What a <see cref="Callout"/> says, which gives it its colour and its sign.</summary>
public enum CalloutKind
{
    Info,
    Success,
    Warning,
    Danger,
}
