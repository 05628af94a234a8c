using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Platform.Core.Commands;
using Platform.Core.Hosting;

namespace Portico.Host.Operations;

/// <summary>The log on standard output: a line for people, or one JSON object a line for those who collect logs (<c>PORTICO_Log=json</c>).</summary>
internal static class HostLogs
{
    public static ILoggingBuilder AddConsole(this ILoggingBuilder logging, PorticoOptions options, bool withTime = true)
    {
        if (options.Log == LogForm.Json)
            return logging.AddConsole(console => console.FormatterName = JsonLines.FormatterName).AddConsoleFormatter<JsonLines, ConsoleFormatterOptions>();
        return logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = withTime ? "HH:mm:ss " : null;
        });
    }

    /// <summary>Writes a line as an object: when, how serious, by whom, the words, for whom the code ran, and the values that stand in the words.</summary>
    sealed class JsonLines() : ConsoleFormatter(FormatterName)
    {
        public const string FormatterName = "portico-json";

        public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
        {
            using var bytes = new MemoryStream();
            using (var json = new Utf8JsonWriter(bytes))
            {
                json.WriteStartObject();
                json.WriteString("at", TimeProvider.System.GetUtcNow().UtcDateTime);
                json.WriteString("level", logEntry.LogLevel.ToString().ToLowerInvariant());
                json.WriteString("category", logEntry.Category);
                json.WriteString("message", logEntry.Formatter(logEntry.State, logEntry.Exception));
                CallContext? call = null;
                scopeProvider?.ForEachScope((scope, _) => call = scope as CallContext ?? call, 0);
                if (call is not null)
                {
                    json.WriteNumber("entity", call.Creditor.Value);
                    json.WriteNumber("shownBy", call.ShownBy.Value);
                    json.WriteString("service", call.Module);
                }
                if (Activity.Current is { } activity)
                    json.WriteString("trace", activity.TraceId.ToHexString());
                Values(json, logEntry.State);
                if (logEntry.Exception is { } exception)
                    json.WriteString("exception", exception.ToString());
                json.WriteEndObject();
            }
            textWriter.WriteLine(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
        }

        static void Values<TState>(Utf8JsonWriter json, TState state)
        {
            if (state is not IReadOnlyList<KeyValuePair<string, object?>> values)
                return;
            json.WriteStartObject("values");
            foreach (var (name, value) in values.Where(value => value.Key != "{OriginalFormat}").DistinctBy(value => value.Key, StringComparer.Ordinal))
                json.WriteString(name, Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture));
            json.WriteEndObject();
        }
    }
}
