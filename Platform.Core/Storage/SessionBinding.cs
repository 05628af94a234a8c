using System.Globalization;
using System.Text.RegularExpressions;
using Dapper;
using Platform.Core.Entities;

namespace Platform.Core.Storage;

/// <summary>How a transaction is told under which role and for which entity it runs.</summary>
internal enum BindingForm
{
    /// <summary><c>set_config</c> with parameters: one prepared statement for all.</summary>
    Parameters,

    /// <summary><c>set local</c> of a role's name and a number, both validated: the form that a distributed database can pass on to its nodes.</summary>
    Local,
}

/// <summary>
/// What a transaction's first round trip begins with. The only place that knows the form, and the only one that puts a name into a statement.
/// The binding lives exactly as long as the transaction, so that nothing of it stays on the pooled connection.
/// </summary>
internal static partial class SessionBinding
{
    const string WithParameters = "select set_config('role', @portico_role, true), set_config('portico.entity', @portico_entity, true);";

    /// <summary>Rows that come back before those of the statement.</summary>
    public static bool Answers(BindingForm form) => form == BindingForm.Parameters;

    /// <summary>The statements that bind, to be put before another; what they need is added to <paramref name="parameters"/>.</summary>
    /// <exception cref="ArgumentException">This is no name of one of our roles.</exception>
    public static string Of(BindingForm form, string role, EntityId? entity, DynamicParameters parameters)
    {
        if (form == BindingForm.Parameters)
        {
            parameters.Add("portico_role", role);
            parameters.Add("portico_entity", entity?.ToString() ?? "");
            return WithParameters;
        }
        if (!RoleName().IsMatch(role))
            throw new ArgumentException($"\"{role}\" is no role of Portico.", nameof(role));
        return string.Create(CultureInfo.InvariantCulture, $"set local role {role}; set local portico.entity = '{entity?.Value}';");
    }

    [GeneratedRegex("^portico_[a-z][a-z0-9_]{0,40}\\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex RoleName();
}
