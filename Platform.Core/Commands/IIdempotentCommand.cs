using System.Collections.Concurrent;
using System.Text.Json;
using MediatR;
using Platform.Core.Events;
using Platform.Core.Idempotency;
using Platform.Core.Storage;

namespace Platform.Core.Commands;

/// <summary>A command that has one effect and one answer however often the same module sends it with the same key.</summary>
/// <remarks>
/// Another command of the same kind under the same key is refused: by an <see cref="Outcome{T}"/> with code <see cref="IdempotencyRefusals.Conflict"/> where the result is one,
/// else by <see cref="IdempotencyConflictException"/>. The result must survive JSON. A refusal of the handler and an exception are not remembered, for nothing was done.
/// A handler whose effect must not be repeated should the host die right after it keeps the result with <see cref="IRecovery.Answer{TAnswer}"/> in the transaction of the effect.
/// </remarks>
public interface IIdempotentCommand<out TResult> : ICommand<TResult>
{
    /// <summary>One per deed, within the sending module, the creditor and the kind of command. 1 to 255 characters.</summary>
    string IdempotencyKey { get; }
}

internal sealed class IdempotencyBehaviour<TRequest, TResult>(IIdempotency idempotency, CallContextHolder call, RecoveryHolder recovery) : IPipelineBehavior<TRequest, TResult>
{
    public async Task<TResult> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResult> next)
    {
        if (request is not IIdempotentCommand<TResult> command)
            return await next();
        var asked = new IdempotentRequest(
            $"{call.Context.Caller}/{typeof(TRequest).Name}", command.IdempotencyKey, JsonSerializer.SerializeToUtf8Bytes(command, typeof(TRequest), EventCatalog.Json));
        Outcome<StoredAnswer> outcome;
        try
        {
            outcome = await idempotency.Once(
                asked,
                async attempt =>
                {
                    recovery.Current = attempt;
                    var result = await next();
                    return CommandAnswer.RefusalIn(result) is { } refused ? throw new HandlerRefused(result!, refused) : CommandAnswer.Write(result);
                },
                cancellationToken);
        }
        catch (HandlerRefused refused)
        {
            return (TResult)refused.Result;
        }
        if (outcome.Refusal is not { } refusal)
            return CommandAnswer.Read<TResult>(outcome.Value);
        return CommandAnswer.TryRefuse<TResult>(refusal, out var result)
            ? result
            : throw (refusal.Code == IdempotencyRefusals.Conflict ? new IdempotencyConflictException(asked.Key) : new IdempotencyInProgressException(asked.Key));
    }

    /// <summary>Leaves the attempt as a failure does, because nothing was done.</summary>
#pragma warning disable CA1032, RCS1194 // Never seen outside this behaviour.
    sealed class HandlerRefused(object result, Refusal refusal) : Exception(refusal.Code)
#pragma warning restore CA1032, RCS1194
    {
        public object Result => result;
    }
}

/// <summary>A command's result as bytes that are the same each time.</summary>
internal static class CommandAnswer
{
    const short Done = 200;

    static readonly ConcurrentDictionary<Type, IShape?> Shapes = new();

    public static StoredAnswer Write<TResult>(TResult result) =>
        new(Done, ShapeOf(typeof(TResult)) is { } shape ? shape.Write(result!) : JsonSerializer.SerializeToUtf8Bytes(result, EventCatalog.Json));

    public static TResult Read<TResult>(StoredAnswer answer) =>
        (TResult)(ShapeOf(typeof(TResult)) is { } shape ? shape.Read(answer.Body) : JsonSerializer.Deserialize<TResult>(answer.Body, EventCatalog.Json))!;

    public static Refusal? RefusalIn<TResult>(TResult result) => ShapeOf(typeof(TResult))?.RefusalIn(result!);

    public static bool TryRefuse<TResult>(Refusal refusal, out TResult result)
    {
        var shape = ShapeOf(typeof(TResult));
        result = shape is null ? default! : (TResult)shape.Refuse(refusal);
        return shape is not null;
    }

    static IShape? ShapeOf(Type result) => Shapes.GetOrAdd(result, static type =>
        type.IsConstructedGenericType && type.GetGenericTypeDefinition() == typeof(Outcome<>)
            ? (IShape)Activator.CreateInstance(typeof(OutcomeShape<>).MakeGenericType(type.GetGenericArguments()))!
            : null);

    interface IShape
    {
        byte[] Write(object outcome);

        object Read(byte[] json);

        object Refuse(Refusal refusal);

        Refusal? RefusalIn(object outcome);
    }

    sealed class OutcomeShape<T> : IShape
    {
        public byte[] Write(object outcome) => JsonSerializer.SerializeToUtf8Bytes(((Outcome<T>)outcome).Value, EventCatalog.Json);

        public object Read(byte[] json) => (Outcome<T>)JsonSerializer.Deserialize<T>(json, EventCatalog.Json)!;

        public object Refuse(Refusal refusal) => (Outcome<T>)refusal;

        public Refusal? RefusalIn(object outcome) => ((Outcome<T>)outcome).Refusal;
    }
}

/// <summary>The recovery of the command at hand, for its handler's constructor: of use only while an idempotent command is being handled.</summary>
internal sealed class RecoveryHolder : IRecovery
{
    public IRecovery? Current { get; set; }

    public string Point => Known.Point;

    IRecovery Known => Current ?? throw new InvalidOperationException("No idempotent command is being handled: IRecovery is for handlers of IIdempotentCommand.");

    public T? Carried<T>() => Known.Carried<T>();

    public Task Advance(IEntitySession session, string point, object? carry = null) => Known.Advance(session, point, carry);

    public Task Answer<TAnswer>(IEntitySession session, TAnswer answer) => Known.Answer(session, answer);
}
