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

    // The operator's own limit stays when it is the shorter one.
    const string Limit = "set_config('statement_timeout', least(@portico_limit, nullif(extract(epoch from current_setting('statement_timeout')::interval) * 1000, 0)::int)::text, true);";
    const string LimitedWithParameters = "select set_config('role', @portico_role, true), set_config('portico.entity', @portico_entity, true), " + Limit;

    /// <summary>The statements that bind, to be put before another; what they need is added to <paramref name="parameters"/>.</summary>
    /// <param name="limit">Milliseconds that a statement may still take; null where nothing limits it.</param>
    /// <returns>The statements, and whether a result of theirs comes back before those of the statement.</returns>
    /// <exception cref="ArgumentException">This is no name of one of our roles.</exception>
    public static (string Statements, bool Answers) Of(BindingForm form, string role, EntityId? entity, int? limit, DynamicParameters parameters)
    {
        if (limit is { } milliseconds)
            parameters.Add("portico_limit", milliseconds);
        if (form == BindingForm.Parameters)
        {
            parameters.Add("portico_role", role);
            parameters.Add("portico_entity", entity?.ToString() ?? "");
            return (limit is null ? WithParameters : LimitedWithParameters, true);
        }
        if (!RoleName().IsMatch(role))
            throw new ArgumentException($"\"{role}\" is no role of Portico.", nameof(role));
        var bind = string.Create(CultureInfo.InvariantCulture, $"set local role {role}; set local portico.entity = '{entity?.Value}';");
        return limit is null ? (bind, false) : (bind + " select " + Limit, true);
    }

    [GeneratedRegex("^portico_[a-z][a-z0-9_]{0,40}\\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex RoleName();
}
