using System.Text;
using Platform.Core.Commands;
using Platform.Core.Idempotency;
using Platform.Core.Storage;
using Platform.Core.Tests.Deeds;
using Platform.Testing;

namespace Platform.Core.Tests.Idempotency;

public sealed class IdempotencyTests
{
    static readonly IdempotencyTerms Impatient = new() { Wait = TimeSpan.FromMilliseconds(100) };

    [Test]
    public async Task Sixty_four_of_the_same_command_at_once_on_two_hosts_have_one_effect_and_one_answer()
    {
        var points = new Points();
        await using var first = await DeedsHost.Start(points);
        await using var second = await DeedsHost.Start(points, beside: first);

        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(n => Task.Run(() => (n % 2 == 0 ? first : second).Send(new DoDeed("k-1", "a fine")))));

        answers.Select(answer => answer.Value).Distinct().Should().ContainSingle();
        (await first.DeedsDone()).Should().Equal("a fine");
        points.Reached.Should().Be(1);
    }

    [Test]
    public async Task Sixty_four_of_the_same_request_at_once_get_the_same_bytes()
    {
        await using var host = await DeedsHost.Start(new());
        var runs = 0;
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => host.Once("k-1", "{\"cents\":100}", (_, _) =>
            Task.FromResult(new StoredAnswer(201, Encoding.UTF8.GetBytes($"{{ \"run\" : {Interlocked.Increment(ref runs)} }}\n")))))));

        answers.Should().AllSatisfy(answer =>
        {
            answer.Value.Status.Should().Be(201);
            answer.Value.Body.Should().Equal("{ \"run\" : 1 }\n"u8.ToArray());
        });
        runs.Should().Be(1);
    }

    [Test]
    public async Task The_same_key_with_another_request_is_refused_and_does_nothing()
    {
        await using var host = await DeedsHost.Start(new());
        var answer = await host.Send(new DoDeed("k-1", "a fine"));

        (await host.Send(new DoDeed("k-1", "another fine"))).Refusal!.Code.Should().Be(IdempotencyRefusals.Conflict);
        (await host.Send(new DoDeed("k-1", "a fine"))).Value.Should().Be(answer.Value);
        (await host.DeedsDone()).Should().Equal("a fine");
    }

    [Test]
    public async Task The_same_key_of_another_entity_client_or_kind_of_command_is_another_key()
    {
        await using var host = await DeedsHost.Start(new());
        await host.Send(new DoDeed("k-1", "for the union"));
        (await host.Send(new DoDeed("k-1", "for Marzabotto"), "MZB")).Refusal.Should().BeNull();
        (await host.Send(new DoInSteps("k-1"))).Should().Be("all done");
        var once = await host.Once("k-1", "x", (_, _) => Task.FromResult(new StoredAnswer(1, [1])));
        var other = await host.Once("k-1", "y", (_, _) => Task.FromResult(new StoredAnswer(2, [2])), client: "other app");
        (once.Value.Status, other.Value.Status).Should().Be((1, 2));
    }

    [Test]
    public async Task What_failed_is_not_remembered_and_is_done_the_next_time()
    {
        var points = new Points { At = _ => throw new InvalidOperationException("The handler broke.") };
        await using var host = await DeedsHost.Start(points);
        var send = () => host.Send(new DoDeed("k-1", "a fine"));
        await send.Should().ThrowAsync<InvalidOperationException>();
        await send.Should().ThrowAsync<InvalidOperationException>();
        (await host.DeedsDone()).Should().BeEmpty();

        points.At = _ => Task.CompletedTask;
        var done = await send();

        (await send()).Value.Should().Be(done.Value);
        (await host.DeedsDone()).Should().Equal("a fine");
        points.Reached.Should().Be(3);
    }

    [Test]
    public async Task What_was_refused_is_asked_again_because_nothing_was_done()
    {
        var points = new Points();
        await using var host = await DeedsHost.Start(points);
        (await host.Send(new DoDeed("k-1", "impossible"))).Refusal!.Code.Should().Be("deeds.impossible");
        (await host.Send(new DoDeed("k-1", "impossible"))).Refusal!.Code.Should().Be("deeds.impossible");
        points.Reached.Should().Be(2);
    }

    [Test]
    public async Task A_step_that_fails_is_taken_again_from_the_point_before_it()
    {
        var points = new Points { At = point => point == "second" ? throw new InvalidOperationException() : Task.CompletedTask };
        await using var host = await DeedsHost.Start(points);
        var send = () => host.Send(new DoInSteps("k-1"));
        await send.Should().ThrowAsync<InvalidOperationException>();

        points.At = _ => Task.CompletedTask;
        (await send()).Should().Be("all done");
        (await host.DeedsDone()).Should().Equal("first", "second, of the first step", "third");
    }

    [TestCase("begun")]
    [TestCase("first")]
    [TestCase("second")]
    [TestCase("third")]
    public async Task A_host_that_dies_at_any_point_leaves_the_rest_to_a_later_call_and_nothing_happens_twice(string point)
    {
        var points = new Points();
        await using var dying = await DeedsHost.Start(points, terms: Impatient);
        await using var other = await DeedsHost.Start(points, beside: dying, terms: Impatient);
        var (stopped, zombie) = points.StopOnce(point);
        var lost = dying.Send(new DoInSteps("k-1"));
        await stopped;
        var again = () => other.Send(new DoInSteps("k-1"));
        if (point != "third")
        {
            await again.Should().ThrowAsync<IdempotencyInProgressException>("the lease lasts");
            other.Clock.Advance(TimeSpan.FromSeconds(90));
        }

        (await again()).Should().Be("all done");
        (await other.DeedsDone()).Should().Equal("first", "second, of the first step", "third");

        // And should it not have been dead, only slow: nothing of what it still does may stand.
        zombie.SetResult();
        var late = async () => await lost;
        if (point == "third")
            (await late()).Should().Be("all done");
        else
            await late.Should().ThrowAsync<IdempotencyLostException>();
        (await other.DeedsDone()).Should().HaveCount(3);
        (await again()).Should().Be("all done");
    }

    [TestCase("advances")]
    [TestCase("answers")]
    [TestCase("finishes")]
    [TestCase("fails")]
    public async Task An_attempt_that_was_taken_over_changes_nothing_while_the_other_still_runs(string how)
    {
        await using var host = await DeedsHost.Start(new(), terms: Impatient);
        var (slow, next) = (new Gate(), new Gate());
        var late = host.Once("k-1", "x", async (recovery, sessions) =>
        {
            await slow.Pass();
            return how switch
            {
                "advances" => await sessions.Run(Did(session => recovery.Advance(session, "far")), CancellationToken.None),
                "answers" => await sessions.Run(Did(session => recovery.Answer(session, new StoredAnswer(7, [7]))), CancellationToken.None),
                "fails" => throw new InvalidOperationException("The slow one broke."),
                _ => new StoredAnswer(7, [7]),
            };
        });
        await slow.Reached;
        host.Clock.Advance(TimeSpan.FromSeconds(90));
        var other = host.Once("k-1", "x", async (recovery, sessions) =>
        {
            await next.Pass();
            return new StoredAnswer(1, [(byte)recovery.Point.Length]);
        });
        await next.Reached;

        slow.Open();
        if (how == "fails")
            await FluentActions.Awaiting(() => late).Should().ThrowAsync<InvalidOperationException>();
        else
            await FluentActions.Awaiting(() => late).Should().ThrowAsync<IdempotencyLostException>();

        (await host.DeedsDone()).Should().BeEmpty();
        (await host.Once("k-1", "x", (_, _) => throw new InvalidOperationException("A third one began."))).Refusal!.Code.Should().Be(IdempotencyRefusals.InProgress, "the second has it");
        next.Open();
        (await other).Value.Body.Should().Equal([0], "it began at the beginning");
        (await host.Once("k-1", "x", (_, _) => throw new InvalidOperationException())).Value.Status.Should().Be(1);

        static Func<IEntitySession, Task<StoredAnswer>> Did(Func<IEntitySession, Task> keep) => async session =>
        {
            await session.Execute("insert into deeds.deed (entity_id, deed_id, what) values (@entity, @id, 'twice')", new { entity = session.Entity, id = Guid.NewGuid() });
            await keep(session);
            return new(7, [7]);
        };
    }

    [Test]
    public async Task Keys_that_have_expired_are_swept_away_and_others_stay()
    {
        await using var host = await DeedsHost.Start(new());
        await host.Send(new DoDeed("old", "a fine"));
        host.Clock.Advance(TimeSpan.FromHours(47));
        await host.Send(new DoDeed("new", "a fine"));

        await host.After(TimeSpan.FromHours(1));

        (await host.Database.Rows<string>("select key from core.idempotency")).Should().Equal("new");
    }

    [Test]
    public async Task A_second_call_waits_for_the_first_or_is_told_that_it_runs()
    {
        var points = new Points();
        await using var patient = await DeedsHost.Start(points);
        await using var impatient = await DeedsHost.Start(points, beside: patient, terms: Impatient);
        var (stopped, go) = points.StopOnce("inserted");
        var first = patient.Send(new DoDeed("k-1", "a fine"));
        await stopped;
        var waiting = patient.Send(new DoDeed("k-1", "a fine"));
        (await impatient.Send(new DoDeed("k-1", "a fine"))).Refusal!.Code.Should().Be(IdempotencyRefusals.InProgress);
        waiting.IsCompleted.Should().BeFalse();

        go.SetResult();

        (await waiting).Value.Should().Be((await first).Value);
        (await patient.DeedsDone()).Should().Equal("a fine");
    }

    [Test]
    public async Task After_two_days_the_key_is_new_whether_or_not_the_answer_has_been_swept_away()
    {
        await using var host = await DeedsHost.Start(new());
        var first = await host.Send(new DoDeed("k-1", "a fine"));
        host.Clock.Advance(TimeSpan.FromHours(48) - TimeSpan.FromSeconds(1));
        (await host.Send(new DoDeed("k-1", "a fine"))).Value.Should().Be(first.Value);

        host.Clock.Advance(TimeSpan.FromSeconds(1));
        (await host.Send(new DoDeed("k-1", "another fine"))).Value.Should().NotBe(first.Value);
        (await host.DeedsDone()).Should().HaveCount(2);

        await host.After(TimeSpan.FromHours(49));
        (await host.Database.Value<long>("select count(*) from core.idempotency")).Should().Be(0);
    }

    [Test]
    public async Task An_answer_kept_with_its_effect_is_there_only_if_the_effect_is()
    {
        await using var host = await DeedsHost.Start(new());
        var work = (string answer, bool fail) => host.Once("k-1", "x", async (recovery, sessions) =>
        {
            var stored = new StoredAnswer(1, Encoding.UTF8.GetBytes(answer));
            await sessions.Run<int>(
                async session =>
                {
                    await recovery.Answer(session, stored);
                    return fail ? throw new InvalidOperationException() : 0;
                },
                CancellationToken.None);
            return stored;
        });
        await FluentActions.Awaiting(() => work("lost", true)).Should().ThrowAsync<InvalidOperationException>();
        (await work("kept", false)).Value.Body.Should().Equal("kept"u8.ToArray());
        (await work("too late", false)).Value.Body.Should().Equal("kept"u8.ToArray());
    }

    [Test]
    public async Task An_idempotent_request_cannot_begin_inside_a_transaction()
    {
        await using var host = await DeedsHost.Start(new());
        var nested = () => host.Once("outer", "x", (_, sessions) => sessions.Run(
            async session => (await host.Once("inner", "x", (_, _) => Task.FromResult(new StoredAnswer(1, [])))).Value, CancellationToken.None));
        await nested.Should().ThrowAsync<InvalidOperationException>().WithMessage("Cannot begin an idempotent request while a transaction is open*");
    }

    /// <summary>Somebody waits here until it is opened, and is seen to wait.</summary>
    sealed class Gate
    {
        readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task;

        public void Open() => _open.SetResult();

        public Task Pass()
        {
            _reached.TrySetResult();
            return _open.Task;
        }
    }
}
