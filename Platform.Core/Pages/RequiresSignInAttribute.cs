namespace Platform.Core.Pages;

/// <summary>
/// The citizens' page is for who is signed in: <see cref="PageRequest.Citizen"/> is then there and has at least this level. Whoever is not is sent to sign in and comes back to where
/// he was going; whose level is too low is told so and led to a higher one; where no provider of identities gives that level, a page says so.
/// </summary>
/// <remarks>
/// Asked before the page is made. What was posted is not kept over the sign-in: forms of before act no more after it. That he may see a thing is still the page's to decide, by
/// his tax code. Without the attribute a page may offer a sign-in by <see cref="SignInLink"/> and look whether <see cref="PageRequest.Citizen"/> is there.
/// </remarks>
[AttributeUsage(AttributeTargets.Class)]
public sealed class RequiresSignInAttribute : Attribute
{
    /// <summary>The level of assurance at least: 1, 2 or 3. Level 2 is a second factor.</summary>
    public int Level { get; set; } = 2;
}
