using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Platform.Core.Entities;
using Platform.Core.Money;

namespace Platform.Core.Events;

internal static class EventCatalog
{
    static readonly ConcurrentDictionary<Type, string> Names = new();

    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new EuroConverter(), new EntityIdConverter(), new JsonStringEnumConverter() },
    };

    public static string NameOf(Type type) => Names.GetOrAdd(type, static t =>
        t.GetCustomAttribute<EventNameAttribute>()?.Name ?? throw new InvalidOperationException($"Event {t.Name} has no [EventName]."));

    sealed class EuroConverter : JsonConverter<Euro>
    {
        public override Euro Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetInt64());

        public override void Write(Utf8JsonWriter writer, Euro value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Cents);
    }

    sealed class EntityIdConverter : JsonConverter<EntityId>
    {
        public override EntityId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetInt32());

        public override void Write(Utf8JsonWriter writer, EntityId value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
    }
}

/// <summary>A reaction found in a module.</summary>
/// <param name="Handler">Stable name under which deliveries are kept: <c>fines.MarkPaid</c>.</param>
internal sealed record Reaction(string Handler, string Module, string EventName, Type EventType, Type HandlerType)
{
    /// <summary>All reactions that <paramref name="type"/> implements; one class may react to several events.</summary>
    public static IEnumerable<Reaction> Of(string module, Type type) =>
        from contract in type.GetInterfaces()
        where contract.IsGenericType && contract.GetGenericTypeDefinition() == typeof(IReact<>)
        let happened = contract.GetGenericArguments()[0]
        select new Reaction($"{module}.{type.Name}", module, EventCatalog.NameOf(happened), happened, type);
}
