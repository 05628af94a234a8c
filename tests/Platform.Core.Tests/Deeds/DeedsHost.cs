using Autofac;
using Microsoft.Extensions.Logging.Abstractions;
using Platform.Core.Commands;
using Platform.Core.Idempotency;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Testing;

namespace Platform.Core.Tests.Deeds;

/// <summary>What a test does at named points of the handlers below, and what it saw.</summary>
internal sealed class Points
{
    int _reached;

    public Func<string, Task> At { get; set; } = _ => Task.CompletedTask;

    /// <summary>How often a handler reached any point.</summary>
    public int Reached => _reached;

    public Task Reach(string point)
    {
        Interlocked.Increment(ref _reached);
        return At(point);
    }

    /// <summary>The handler stops at <paramref name="point"/> as a host does that dies there, until the returned source is completed.</summary>
    public (Task Stopped, TaskCompletionSource Zombie) StopOnce(string point)
    {
        var (stopped, zombie) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        At = async reached =>
        {
            if (reached == point && stopped.TrySetResult())
                await zombie.Task;
        };
        return (stopped.Task, zombie);
    }
}

/// <summary>A real host with one more module, "deeds", that is this assembly.</summary>
internal static class DeedsHost
{
    const string Id = "deeds";

    public static async Task<PorticoTestHost> Start(Points points, PorticoTestHost? beside = null, IdempotencyTerms? terms = null, string connection = "")
    {
        var assembly = typeof(DeedsHost).Assembly;
        var database = beside is null ? await TestCluster.NewDatabase() : null;
        if (database is not null)
            await new Migrator(database.Owner, NullLogger.Instance).Migrate(new(Id, assembly), CancellationToken.None);
        return await PorticoTestHost.Start(
            database: database, beside: beside, connection: connection,
            container: container =>
            {
                container.RegisterInstance(points);
                container.RegisterInstance(new ServiceCatalog([("core", typeof(CoreModule).Assembly), ("payments", typeof(Payments.OpenPosition).Assembly), (Id, assembly)], [], []));
                ModuleRegistration.Register(container, assembly);
                if (terms is not null)
                    container.RegisterInstance(terms);
            });
    }

    public static Task<T> Send<T>(this PorticoTestHost host, ICommand<T> command, string entity = "URG") =>
        host.As(Id, entity, entity, scope => scope.Resolve<ICommands>().Send(command, CancellationToken.None));

    public static Task<Outcome<StoredAnswer>> Once(this PorticoTestHost host, string key, string request, Func<IRecovery, ISessions, Task<StoredAnswer>> work, string entity = "URG", string client = "app") =>
        host.As(Id, entity, entity, scope => scope.Resolve<IIdempotency>().Once(
            new(client, key, System.Text.Encoding.UTF8.GetBytes(request)), recovery => work(recovery, scope.Resolve<ISessions>()), CancellationToken.None));

    public static Task<IReadOnlyList<string>> DeedsDone(this PorticoTestHost host) => host.Database.Rows<string>("select what from deeds.deed order by deed_id");
}

internal sealed record DoDeed(string IdempotencyKey, string What) : IIdempotentCommand<Outcome<Guid>>;

internal sealed class DoDeedHandler(ISessions sessions, Points points) : ICommandHandler<DoDeed, Outcome<Guid>>
{
    public async Task<Outcome<Guid>> Handle(DoDeed request, CancellationToken cancellationToken)
    {
        if (request.What == "impossible")
        {
            await points.Reach("refused");
            return new Refusal("deeds.impossible");
        }
        return await sessions.Run<Outcome<Guid>>(
            async session =>
            {
                var id = Guid.CreateVersion7();
                await session.Execute("insert into deeds.deed (entity_id, deed_id, what) values (@entity, @id, @What)", new { entity = session.Entity, id, request.What });
                await points.Reach("inserted");
                return id;
            },
            cancellationToken);
    }
}

internal sealed record DoInSteps(string IdempotencyKey) : IIdempotentCommand<string>;

internal sealed class DoInStepsHandler(ISessions sessions, IRecovery recovery, Points points) : ICommandHandler<DoInSteps, string>
{
    public async Task<string> Handle(DoInSteps request, CancellationToken cancellationToken)
    {
        await points.Reach("begun");
        if (recovery.Point.Length == 0)
        {
            await Step("first", session => recovery.Advance(session, "first", new { Note = "of the first step" }), cancellationToken);
            await points.Reach("first");
        }
        if (recovery.Point == "first")
        {
            var carried = recovery.Carried<Dictionary<string, string>>()!["note"];
            await Step("second, " + carried, session => recovery.Advance(session, "second"), cancellationToken);
            await points.Reach("second");
        }
        await Step("third", session => recovery.Answer(session, "all done"), cancellationToken);
        await points.Reach("third");
        return "all done";
    }

    Task<int> Step(string what, Func<IEntitySession, Task> keep, CancellationToken stop) => sessions.Run(
        async session =>
        {
            await session.Execute("insert into deeds.deed (entity_id, deed_id, what) values (@entity, @id, @what)", new { entity = session.Entity, id = Guid.CreateVersion7(), what });
            await keep(session);
            return 0;
        },
        stop);
}

internal sealed record CountTwo(string First, string Second) : ICommand<int>;

internal sealed record CountTwoAgain(string First, string Second) : ICommand<int>, IRetryable;

internal sealed class CountTwoHandler(ISessions sessions, Points points) : ICommandHandler<CountTwo, int>, ICommandHandler<CountTwoAgain, int>
{
    public Task<int> Handle(CountTwo request, CancellationToken cancellationToken) => Count(request.First, request.Second, cancellationToken);

    public Task<int> Handle(CountTwoAgain request, CancellationToken cancellationToken) => Count(request.First, request.Second, cancellationToken);

    Task<int> Count(string first, string second, CancellationToken stop) => sessions.Run(
        async session =>
        {
            await One(session, first);
            await points.Reach("between");
            return await One(session, second);
        },
        stop);

    static Task<int> One(IEntitySession session, string name) => session.Execute(
        "insert into deeds.counter as c (entity_id, name, n) values (@entity, @name, 1) on conflict (entity_id, name) do update set n = c.n + 1", new { entity = session.Entity, name });
}

internal sealed record RunSql(string Sql) : ICommand<int>;

internal sealed record RunSqlAgain(string Sql) : ICommand<int>, IRetryable;

internal sealed class RunSqlHandler(ISessions sessions, Points points) : ICommandHandler<RunSql, int>, ICommandHandler<RunSqlAgain, int>
{
    public Task<int> Handle(RunSql request, CancellationToken cancellationToken) => Run(request.Sql, cancellationToken);

    public Task<int> Handle(RunSqlAgain request, CancellationToken cancellationToken) => Run(request.Sql, cancellationToken);

    Task<int> Run(string sql, CancellationToken stop) => sessions.Run(
        async session =>
        {
            await points.Reach("run");
            return await session.Execute(sql);
        },
        stop);
}
