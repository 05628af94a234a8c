using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Autofac;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Platform.Core.Office;

/// <summary>A file that an officer loaded, as far as it is.</summary>
internal sealed class ImportRun
{
    public Guid RunId { get; init; }
    public string Verb { get; init; } = "";
    public string FileName { get; init; } = "";
    public long Bytes { get; init; }
    public bool AllOrNothing { get; init; }
    public string Officer { get; init; } = "";
    public DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset SeenAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public int Read { get; init; }
    public int Added { get; init; }
    public int Changed { get; init; }
    public int Unchanged { get; init; }
    public int Waiting { get; init; }
    public int Refused { get; init; }
    public int MoreErrors { get; init; }
    public string? Failure { get; init; }
    public string? Errors { get; init; }
    public bool HasRefused { get; init; }
    public bool Undoable { get; init; }
    public string Language { get; init; } = "it";
    public string? Undo { get; init; }
    public string? UndoBy { get; init; }
    public DateTimeOffset? UndoAt { get; init; }
    public string? UndoWords { get; init; }
    public int UndoRemoved { get; init; }
    public int UndoRestored { get; init; }

    public IReadOnlyList<ImportError> AllErrors => Errors is null ? [] : JsonSerializer.Deserialize<List<ImportError>>(Errors)!;
}

/// <summary>By which import of which service a file was loaded.</summary>
internal sealed record ImportPlace(string Service, string Verb);

/// <summary>Loads files for officers in the background and writes down how far it is, so that any host can tell.</summary>
/// <remarks>
/// The file is kept beside the host that loads it, until the end and no longer. If that host dies the run is told as broken off: what was loaded until then stays, and the same
/// file again doubles nothing.
/// </remarks>
internal sealed class ImportRuns(Database database, CallScopes scopes, TimeProvider clock, IHostApplicationLifetime life, ILogger<ImportRuns> log)
{
    const string Core = "portico_core";
    const int MostRefusedBytes = 20 << 20;

    /// <summary>A run that nobody has spoken of for so long has lost its host.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    /// <summary>Taking back that nobody has spoken of for so long has lost its host, and may be asked for again.</summary>
    static readonly TimeSpan UndoSilence = TimeSpan.FromMinutes(10);

    /// <summary>Takes the file and answers at once; the run's number is its address.</summary>
    public async Task<Guid> Begin(CallContext call, ImportVerb verb, string fileName, Stream content, bool allOrNothing, CultureInfo culture, CancellationToken stop) =>
        (await Begin(call, verb, fileName, content, allOrNothing, null, culture, stop))!.Run;

    /// <param name="again">A word by which the same caller asks for the same load again.</param>
    /// <returns>The load, which may have been begun before under that word; null where the word was used for another import or other content.</returns>
    public async Task<Begun?> Begin(CallContext call, ImportVerb verb, string fileName, Stream content, bool allOrNothing, string? again, CultureInfo culture, CancellationToken stop)
    {
        var file = TemporaryFile.New();
        try
        {
            await content.CopyToAsync(file, stop);
            file.Position = 0;
            var sha256 = await SHA256.HashDataAsync(file, stop);
            file.Position = 0;
            var run = Guid.CreateVersion7();
            var known = await Note(call, verb, run, fileName, file.Length, sha256, allOrNothing, again, culture, stop);
            if (known is not null)
            {
                await file.DisposeAsync();
                return known.Same ? new(known.Run, Known: true, Task.CompletedTask) : null;
            }
            return new(run, Known: false, Apart(() => Load(call, verb, run, file, allOrNothing, culture, life.ApplicationStopping)));
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    // PostgreSQL takes no NUL into its JSON: the sign for it stands where a field has one.
    static string ToJson(IReadOnlyList<ImportError> errors) => JsonSerializer.Serialize(errors).Replace("\\u0000", "\\u2400", StringComparison.Ordinal);

    // The seconds of the page, or of the call, that began it are not its own.
    static Task Apart(Func<Task> work)
    {
        using (ExecutionContext.SuppressFlow())
            return Task.Run(work, CancellationToken.None);
    }

    /// <summary>Loads a file here and now for who sits at this machine, and writes it down as any other load: the console's list has it.</summary>
    public async Task<ImportReport> LoadHere(CallContext call, ImportVerb verb, string fileName, ImportFile file, CancellationToken stop)
    {
        Task<ImportReport> Run(ImportFile whole) => scopes.In(call, scope => ((IImport)scope.Resolve(verb.Import)).Run(whole, stop));
        if (!file.Content.CanSeek || file.Content.Length == 0)
            return await Run(file);
        var start = file.Content.Position;
        var sha256 = await SHA256.HashDataAsync(file.Content, stop);
        file.Content.Position = start;
        await Note(call, verb, file.Run, fileName, file.Content.Length, sha256, file.AllOrNothing, null, file.Culture, stop);
        using var pulse = new Pulse(this, call.Creditor, file.Run, file.Progress);
        ImportReport? report = null;
        var failure = "broken";
        try
        {
            report = await Run(new(file.Content) { Run = file.Run, Culture = file.Culture, AllOrNothing = file.AllOrNothing, Progress = pulse, Refused = file.Refused });
            failure = null;
            return report;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            failure = "stopped";
            throw;
        }
        catch (FormatException wrong)
        {
            failure = wrong.Message;
            throw;
        }
        finally
        {
            await pulse.End();
            await End(call, file.Run, report, failure, null);
        }
    }

    /// <summary>Writes down that a load begins; what it was begun as before, where the same caller used the same word.</summary>
    Task<KnownRun?> Note(CallContext call, ImportVerb verb, Guid run, string fileName, long bytes, byte[] sha256, bool allOrNothing, string? again, CultureInfo culture, CancellationToken stop) => database.Run(
        Core, call.Creditor, call.Actor, clock,
        async session =>
        {
            // The key is the guard: of two that come at once one begins, and the other is told of it.
            if (await session.Execute(
                """
                insert into core.import_run (entity_id, run_id, service, verb, file_name, bytes, sha256, all_or_nothing, officer, started_at, seen_at, idempotency, undoable, language)
                values (@entity, @run, @Module, @Verb, @fileName, @bytes, @sha256, @allOrNothing, @Actor, @now, @now, @again, @undoable, @language)
                on conflict (entity_id, officer, idempotency) where idempotency is not null do nothing
                """,
                new
                {
                    entity = session.Entity, run, call.Module, verb.Verb, fileName, bytes, sha256, allOrNothing, call.Actor, now = clock.GetUtcNow(), again,
                    undoable = verb.Import.IsAssignableTo(typeof(IUndoableImport)), language = culture.TwoLetterISOLanguageName == "en" ? "en" : "it",
                }) == 0)
                return await session.First<KnownRun>(
                    "select run_id as run, service = @Module and verb = @Verb and sha256 = @sha256 and all_or_nothing = @allOrNothing as same from core.import_run where entity_id = @entity and officer = @Actor and idempotency = @again",
                    new { entity = session.Entity, call.Module, verb.Verb, sha256, allOrNothing, call.Actor, again });
            session.Record("import.begun", new { run, service = call.Module, verb = verb.Verb, sha256 = Convert.ToHexStringLower(sha256), bytes });
            return null;
        },
        stop);

    /// <summary>Begins to take a load back; its page tells how it ended. False where there is nothing to take back, or somebody does so already.</summary>
    public async Task<bool> BeginUndo(CallContext call, ImportVerb verb, Guid run, CultureInfo culture, CancellationToken stop)
    {
        if (!await Claim(call, verb, run, stop))
            return false;
        _ = Apart(() => UndoClaimed(call, verb, run, culture, life.ApplicationStopping));
        return true;
    }

    /// <summary>Takes a load back here and now; null where there is nothing to take back, or somebody does so already.</summary>
    public async Task<ImportUndo?> UndoHere(CallContext call, ImportVerb verb, Guid run, CultureInfo culture, CancellationToken stop) =>
        await Claim(call, verb, run, stop) ? await UndoClaimed(call, verb, run, culture, stop) : null;

    async Task<bool> Claim(CallContext call, ImportVerb verb, Guid run, CancellationToken stop) => verb.Import.IsAssignableTo(typeof(IUndoableImport)) && await database.Run(
        Core, call.Creditor, call.Actor, clock,
        session => session.Execute(
            """
            update core.import_run set undo = 'running', undo_by = @Actor, undo_at = @now, undo_words = null
             where entity_id = @entity and service = @Module and verb = @Verb and run_id = @run and undoable
               and (ended_at is not null or seen_at < @lost) and (undo is null or undo in ('refused', 'failed') or undo = 'running' and undo_at < @silent)
            """,
            new { entity = session.Entity, call.Module, verb.Verb, run, call.Actor, now = clock.GetUtcNow(), lost = clock.GetUtcNow() - Silence, silent = clock.GetUtcNow() - UndoSilence }),
        stop) > 0;

    async Task<ImportUndo> UndoClaimed(CallContext call, ImportVerb verb, Guid run, CultureInfo culture, CancellationToken stop)
    {
        ImportUndo undone;
        var failed = false;
        try
        {
            undone = await scopes.In(call, scope => ((IUndoableImport)scope.Resolve(verb.Import)).Undo(run, culture, stop));
        }
        catch (Exception wrong)
        {
            log.LogError("Import {Run} of {Service} {Verb} could not be taken back: {Fault}.", run, call.Module, verb.Verb, wrong.GetType().Name);
            log.LogDebug(wrong, "Taking back {Run}.", run);
            (undone, failed) = (new(0, 0, PageTexts.Catalog.In(culture)["import.undo.failed"]), true);
        }
        await database.Run(
            Core, call.Creditor, call.Actor, clock,
            async session =>
            {
                var done = await session.Execute(
                    "update core.import_run set undo = @state, undo_at = @now, undo_words = left(@Refused, 500), undo_removed = @Removed, undo_restored = @Restored where entity_id = @entity and run_id = @run",
                    new { entity = session.Entity, run, now = clock.GetUtcNow(), state = failed ? "failed" : undone.Refused is null ? "done" : "refused", undone.Refused, undone.Removed, undone.Restored });
                session.Record("import.undone", new { run, service = call.Module, removed = undone.Removed, restored = undone.Restored, refused = undone.Refused is not null });
                return done;
            },
            CancellationToken.None);
        return undone;
    }

    /// <param name="Known">It was begun before.</param>
    /// <param name="Loaded">Ends with the load, whatever became of it; at once where it was begun before.</param>
    internal sealed record Begun(Guid Run, bool Known, Task Loaded);

    sealed record KnownRun(Guid Run, bool Same);

    public Task<ImportRun?> Find(EntityId entity, string service, Guid run, CancellationToken stop) => database.Run(
        Core, entity, "console", clock,
        session => session.First<ImportRun>(
            """
            select run_id, verb, file_name, bytes, all_or_nothing, officer, started_at, seen_at, ended_at, read, added, changed, unchanged, waiting, refused, more_errors, failure, errors::text as errors,
                   undoable, language, undo, undo_by, undo_at, undo_words, undo_removed, undo_restored, refused_lines is not null as has_refused
              from core.import_run where entity_id = @entity and service = @service and run_id = @run
            """,
            new { entity = session.Entity, service, run }),
        stop);

    /// <summary>The last runs of a service, without their errors.</summary>
    public Task<IReadOnlyList<ImportRun>> Last(EntityId entity, string service, int most, CancellationToken stop) => database.Run(
        Core, entity, "console", clock,
        session => session.List<ImportRun>(
            """
            select run_id, verb, file_name, bytes, all_or_nothing, officer, started_at, seen_at, ended_at, read, added, changed, unchanged, waiting, refused, more_errors, failure,
                   undoable, language, undo, undo_by, undo_at, undo_removed, undo_restored
              from core.import_run where entity_id = @entity and service = @service
             order by started_at desc, run_id desc limit @most
            """,
            new { entity = session.Entity, service, most }),
        stop);

    /// <summary>Where a load of whatever service is to be found; null where the entity has none of this number.</summary>
    public Task<ImportPlace?> Place(EntityId entity, Guid run, CancellationToken stop) => database.Run(
        Core, entity, "console", clock,
        session => session.First<ImportPlace>("select service, verb from core.import_run where entity_id = @entity and run_id = @run", new { entity = session.Entity, run }),
        stop);

    /// <summary>The lines that were not loaded, as a file; null where there are none, or none any more.</summary>
    public Task<byte[]?> RefusedLines(EntityId entity, string service, Guid run, CancellationToken stop) => database.Run(
        Core, entity, "console", clock,
        session => session.First<byte[]>("select refused_lines from core.import_run where entity_id = @entity and service = @service and run_id = @run", new { entity = session.Entity, service, run }),
        stop);

    async Task Load(CallContext call, ImportVerb verb, Guid run, FileStream file, bool allOrNothing, CultureInfo culture, CancellationToken stop)
    {
        await using var closing = file;
        try
        {
            using var refused = new MemoryStream();
            ImportReport? report = null;
            string? failure = null;
            using var pulse = new Pulse(this, call.Creditor, run, null);
            try
            {
                await using var lines = new StreamWriter(new Bounded(refused, MostRefusedBytes), new UTF8Encoding(encoderShouldEmitUTF8Identifier: true), leaveOpen: true);
                report = await scopes.In(call, scope => ((IImport)scope.Resolve(verb.Import)).Run(new(file) { Run = run, Culture = culture, AllOrNothing = allOrNothing, Progress = pulse, Refused = lines }, stop));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                failure = "stopped";
            }
            catch (FormatException wrong)
            {
                failure = wrong.Message;
            }
            catch (Exception wrong)
            {
                // What a service throws may tell of persons: the log's reader has the type and the run.
                log.LogError("Import {Run} of {Service} {Verb} broke off: {Fault}.", run, call.Module, verb.Verb, wrong.GetType().Name);
                log.LogDebug(wrong, "Import {Run}.", run);
                failure = "broken";
            }
            await pulse.End();
            await End(call, run, report, failure, refused.Length > Encoding.UTF8.Preamble.Length && refused.Length <= MostRefusedBytes ? refused.ToArray() : null);
        }
        catch (Exception wrong)
        {
            log.LogError(wrong, "What became of import {Run} could not be written down; the page tells that it broke off.", run);
        }
    }

    Task<int> End(CallContext call, Guid run, ImportReport? report, string? failure, byte[]? refused) => database.Run(
        Core, call.Creditor, call.Actor, clock,
        async session =>
        {
            var now = clock.GetUtcNow();
            var some = report ?? new(0, 0, 0, 0, []);
            var done = await session.Execute(
                """
                update core.import_run
                   set ended_at = @now, seen_at = @now, read = greatest(read, @Read), added = @Added, changed = @Changed, unchanged = @Unchanged, waiting = @Waiting, refused = @Refused,
                       more_errors = @MoreErrors, failure = left(@failure, 500), errors = @errors::jsonb, refused_lines = @lines
                 where entity_id = @entity and run_id = @run and ended_at is null
                """,
                new
                {
                    entity = session.Entity, run, now, some.Read, some.Added, some.Changed, some.Unchanged, some.Waiting, some.Refused, some.MoreErrors, failure,
                    errors = some.Errors.Count == 0 ? null : ToJson(some.Errors), lines = some.Errors.Count == 0 ? null : refused,
                });
            session.Record("import.ended", new { run, service = call.Module, read = some.Read, added = some.Added, changed = some.Changed, errors = some.Errors.Count + some.MoreErrors, failed = failure is not null });
            return done;
        },
        CancellationToken.None);

    Task<int> Say(EntityId entity, Guid run, int read) => database.Run(
        Core, entity, "console", clock,
        session => session.Execute(
            "update core.import_run set read = @read, seen_at = @now where entity_id = @entity and run_id = @run and ended_at is null", new { entity = session.Entity, run, read, now = clock.GetUtcNow() }),
        CancellationToken.None);

    void Silent(Exception wrong, Guid run) => log.LogDebug(wrong, "Import {Run} could not say how far it is.", run);

    /// <summary>Says how far it is, twice a second at most, and that it lives, every few seconds.</summary>
    sealed class Pulse : IProgress<int>, IDisposable
    {
        static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);

        readonly ImportRuns _runs;
        readonly EntityId _entity;
        readonly Guid _run;
        readonly CancellationTokenSource _over = new();
        readonly Task _beating;
        int _read;

        readonly IProgress<int>? _further;

        public Pulse(ImportRuns runs, EntityId entity, Guid run, IProgress<int>? further)
        {
            (_runs, _entity, _run, _further) = (runs, entity, run, further);
            _beating = Task.Run(Beating, CancellationToken.None);
        }

        public void Report(int value)
        {
            Volatile.Write(ref _read, value);
            _further?.Report(value);
        }

        public async Task End()
        {
            await _over.CancelAsync();
            await _beating;
        }

        async Task Beating()
        {
            using var timer = new PeriodicTimer(Beat);
            var (told, at) = (-1, Stopwatch.GetTimestamp());
            try
            {
                while (await timer.WaitForNextTickAsync(_over.Token))
                {
                    var read = Volatile.Read(ref _read);
                    if (read == told && Stopwatch.GetElapsedTime(at) < TimeSpan.FromSeconds(10))
                        continue;
                    (told, at) = (read, Stopwatch.GetTimestamp());
                    try
                    {
                        await _runs.Say(_entity, _run, read);
                    }
                    catch (Exception wrong) when (wrong is Npgsql.NpgsqlException or TransientStorageException)
                    {
                        // The next beat says it again; the import itself meets the same database.
                        _runs.Silent(wrong, _run);
                    }
                }
            }
            catch (OperationCanceledException) when (_over.IsCancellationRequested)
            {
                return;
            }
        }

        public void Dispose() => _over.Dispose();
    }

    /// <summary>Keeps what fits and one byte more, by which it is known that there was more.</summary>
    sealed class Bounded(MemoryStream into, int most) : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => into.Length;
        public override long Position { get => into.Position; set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count) => into.Write(buffer, offset, (int)Math.Min(count, most + 1 - into.Length));
        public override void Flush() => into.Flush();
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

/// <summary>Empties, thirty days after a run ended, what was wrong in its file.</summary>
internal sealed class ImportSweeper(Database database, TimeProvider clock, ILogger<ImportSweeper> log) : ExpirySweeper(database, clock, log)
{
    protected override string Name => "imports";

    protected override TimeSpan Pace => TimeSpan.FromHours(1);

    protected override TimeSpan Kept => TimeSpan.FromDays(30);

    protected override string Entities => "select distinct entity_id from core.import_run where (errors is not null or refused_lines is not null) and ended_at <= @old";

    protected override string Forget =>
        "update core.import_run set errors = null, refused_lines = null where entity_id = @entity and (errors is not null or refused_lines is not null) and ended_at <= @old";
}
