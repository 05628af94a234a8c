using System.Globalization;
using Platform.Core.Events;
using Platform.Payments;
using Platform.Payments.Checkout;

namespace Portico.Faults;

/// <summary>A guard that is taken out of the simulated world, to see that it is missed.</summary>
public enum Guard
{
    None,

    /// <summary>A due is paid once, by primary key.</summary>
    PaidOnce,

    /// <summary>The effect of an event and the mark "done" commit together.</summary>
    EffectWithMark,

    /// <summary>An event waits for those before it in its stream.</summary>
    Order,

    /// <summary>What a host stored and did not live to apply is applied by another.</summary>
    Forgotten,

    /// <summary>The gateway is asked about what nobody came back from.</summary>
    Asking,

    /// <summary>What is paid of a position closes its other ways of paying.</summary>
    OneWay,

    /// <summary>An address of a bank's page is kept, and its payer sent there, only while the payment is open.</summary>
    OpenOnly,
}

/// <param name="Steps">Each is one transaction, one message, one deed of a payer or of the bank, or a move of the clock.</param>
/// <param name="Seed">The same seed is the same run, step by step.</param>
internal sealed record SimulationFound(int Steps, int Seed, int Payments, int Held, int Crashes, int Messages, int Lost, int Doubled, int Invented, int OutOfOrder, int Unfinished, string First)
{
    public bool Clean => Lost + Doubled + Invented + OutOfOrder + Unfinished == 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"""
        | simulation, seed {Seed} | |
        |---|---:|
        | steps | {Steps} |
        | payments | {Payments} |
        | of them held by the bank in the end | {Held} |
        | messages delivered, copies included | {Messages} |
        | crashes of a host between two transactions | {Crashes} |
        | **lost** | {Lost} |
        | **doubled** | {Doubled} |
        | **invented** | {Invented} |
        | **out of order** | {OutOfOrder} |
        | **unfinished when all was quiet** | {Unfinished} |
        """) + (First.Length == 0 ? "" : $"\nfirst: {First}");
}

/// <summary>
/// The whole of a payment in memory, in one thread, under a clock of its own: payers, a bank, a network that repeats, delays and reorders, two hosts that die between any two
/// transactions, the outbox and a service. The state machine, the times of its questions and the back-off of deliveries are the product's own; tables are dictionaries with the keys
/// that the schema has, and each transaction is one step. It finds orders of things that nobody thought of; that PostgreSQL does what is assumed of it is for the other campaigns.
/// </summary>
/// <remarks>
/// Among the dues are positions that may be paid at once or in two instalments, payments of up to three dues as a cart's are, and money that an officer received, which no bank knows of.
/// One payment in four goes to a bank that is called first, as PagOnline Imprese is: the answer with the page's address may be lost, its return says nothing, it calls no listener, and its
/// success names no amount.
/// Assumed of the bank: it tells its listener again until it is answered, and knows its own orders when asked.
/// </remarks>
internal sealed class Simulation(int seed, Guard without = Guard.None)
{
    const int DuesAtOnce = 40;
    const int QuietSteps = 5_000;
    static readonly TimeSpan NeverArrivedAfter = TimeSpan.FromHours(2);

    readonly Random _dice = new(seed);
    DateTimeOffset _now = new(2026, 3, 10, 10, 0, 0, TimeSpan.Zero);

    // What survives a host: the tables.
    readonly List<Due> _dues = [];
    readonly Dictionary<int, Payment> _payments = [];
    readonly Dictionary<int, int> _duePaid = [];
    readonly HashSet<(int Payment, int Due)> _surplus = [];
    readonly Dictionary<(int Payment, string Channel, GatewayOutcome Outcome), Fact> _facts = [];
    readonly SortedSet<(DateTimeOffset At, int Payment)> _questions = [];
    readonly List<Fact> _unapplied = [];
    readonly List<Due> _waiting = [];
    readonly List<(int Due, int Seq)> _effects = [];
    readonly Queue<Payment> _live = new();
    readonly List<Payment> _recorded = [];

    // What does not: work under way.
    readonly List<IEnumerator<bool>>[] _hosts = [[], []];

    // The bank's own books, and what is on its way to us.
    readonly Dictionary<int, Order> _bank = [];
    readonly List<Message> _network = [];

    int _crashes;
    int _messages;
    string _first = "";

    public SimulationFound Run(int steps)
    {
        for (var step = 0; step < steps; step++)
            Step(calm: false);
        return Settle(steps);
    }

    void Step(bool calm)
    {
        switch (_dice.Next(100))
        {
            case < 8 when !calm:
                Start();
                break;
            case < 22 when !calm:
                AtTheBank();
                break;
            case < 38 when _network.Count > 0:
                Deliver(calm);
                break;
            case < 40 when !calm:
                Crash();
                break;
            case < 42:
                AtTheCounter(calm);
                break;
            case < 45:
                _now += TimeSpan.FromSeconds(_dice.Next(1, calm ? 3600 : 120));
                break;
            case < 55:
                if (without != Guard.Asking)
                    Ask(calm);
                break;
            case < 58:
                if (without != Guard.Forgotten)
                    ApplyForgotten();
                break;
            case < 74:
                DeliverEvent(calm);
                break;
            default:
                GoOn();
                break;
        }
    }

    /// <summary>Some host goes on with something it has begun, by one transaction.</summary>
    void GoOn()
    {
        var host = _hosts[_dice.Next(_hosts.Length)];
        if (host.Count == 0)
            return;
        var at = _dice.Next(host.Count);
        if (!host[at].MoveNext())
            host.RemoveAt(at);
    }

    void Begin(IEnumerable<bool> work) => _hosts[_dice.Next(_hosts.Length)].Add(work.GetEnumerator());

    void Crash()
    {
        _hosts[_dice.Next(_hosts.Length)].Clear();
        _crashes++;
    }

    /// <summary>A payer starts to pay one to three open dues; nothing keeps another tab from having done so too.</summary>
    void Start()
    {
        if (_dues.Count < DuesAtOnce || _dice.Next(2) == 0)
            Open();
        // Near the end of the list are the young ones: several payments at once for one due are common.
        Due[] dues = [.. Enumerable.Range(0, _dice.Next(8) switch { 0 => 3, 1 => 2, _ => 1 }).Select(_ => _dues[Math.Max(0, _dues.Count - 1 - _dice.Next(DuesAtOnce))]).Distinct().OrderBy(due => due.Id)];
        if (dues.Any(due => due.Paid) || without != Guard.OneWay && dues.Any(due => due.Replaced || due.TakenOtherwise(dues)))
            return;
        var payment = new Payment { Id = _payments.Count, Dues = dues, Asked = dues.Sum(due => due.Cents), CreatedAt = _now, Received = dues.Length == 1 && dues[0].Plan == 0 && _dice.Next(12) == 0 };
        _payments.Add(payment.Id, payment);
        foreach (var due in dues)
            due.Payments.Add(payment);
        if (payment.Received)
        {
            _recorded.Add(payment);
            return;
        }
        AskAt(payment, _now + PaymentStates.Later(0));
        if (payment.Opens = _dice.Next(4) == 0)
            Begin(OpenAtBank(payment));
        _live.Enqueue(payment);
        if (_live.Count > 400)
            _live.Dequeue();
    }

    /// <summary>
    /// As Opening does: the call was written down with the payment, its answer is stored and applied, then the address is kept. Whoever dies before that leaves an order that the
    /// bank knows and nobody can pay.
    /// </summary>
    IEnumerable<bool> OpenAtBank(Payment payment)
    {
        yield return true;
        _bank.TryAdd(payment.Id, new Order { Outcome = GatewayOutcome.Registered });
        // Slow banks answer after we have asked about it, too.
        for (var slow = _dice.Next(4); slow > 0; slow--)
            yield return true;
        if (_dice.Next(8) == 0)
            yield break;
        var message = new Message(payment.Id, "open", GatewayOutcome.Registered, null);
        var fact = Store(message);
        yield return true;
        if (!fact.Applied)
            Apply(payment, message, fact);
        yield return true;
        payment.Opened = without == Guard.OpenOnly || payment.State is PaymentState.Prepared or PaymentState.AtBank or PaymentState.Unknown;
    }

    /// <summary>One position in four may be paid at once or in two instalments.</summary>
    void Open()
    {
        var ways = new List<Due>();
        for (var plan = 0; plan < (_dice.Next(4) == 0 ? 3 : 1); plan++)
            ways.Add(new Due { Id = _dues.Count + plan, Plan = Math.Min(plan, 1), Cents = _dice.Next(1, 50_000), Ways = ways });
        _dues.AddRange(ways);
    }

    /// <summary>A second officer agrees with what a first one received, or a third that it was wrong: one transaction, and no bank knows of it.</summary>
    void AtTheCounter(bool calm)
    {
        if (_recorded.Count == 0)
            return;
        var payment = _recorded[_dice.Next(_recorded.Count)];
        if (payment.State == PaymentState.Prepared)
            Decide(payment, _dice.Next(8) == 0 ? GatewayOutcome.Abandoned : GatewayOutcome.Completed);
        else if (payment.State == PaymentState.Paid && !calm && _dice.Next(4) == 0)
            Decide(payment, GatewayOutcome.Reversed);
        else
            _recorded.Remove(payment);
    }

    void Decide(Payment payment, GatewayOutcome outcome)
    {
        // The drawer holds it from the moment in which it is said to.
        _bank[payment.Id] = new Order { Outcome = outcome, Taken = outcome == GatewayOutcome.Completed ? payment.Asked : 0 };
        Apply(payment, new(payment.Id, "officer", outcome, outcome == GatewayOutcome.Completed ? payment.Asked : null), new Fact { At = _now, Message = new(payment.Id, "officer", outcome, null) });
    }

    /// <summary>Something happens at the bank to a payment that is not old.</summary>
    void AtTheBank()
    {
        if (_live.Count == 0)
            return;
        var payment = _live.ElementAt(_dice.Next(_live.Count));
        // Nobody has the address of its page; who had it may go on when we have given the payment up.
        if (payment.Opens && !payment.Opened)
            return;
        if (!_bank.TryGetValue(payment.Id, out var order))
        {
            _bank.Add(payment.Id, order = new Order { Outcome = GatewayOutcome.Registered });
            Tell(payment, order, "listener");
            return;
        }
        var next = (order.Outcome, _dice.Next(10)) switch
        {
            (GatewayOutcome.Registered, < 6) => GatewayOutcome.Approved,
            (GatewayOutcome.Registered, < 8) => GatewayOutcome.Refused,
            (GatewayOutcome.Registered, 8) => GatewayOutcome.Abandoned,
            // Refused, and tried again with another card.
            (GatewayOutcome.Refused or GatewayOutcome.Abandoned, 0) => GatewayOutcome.Approved,
            (GatewayOutcome.Approved, < 7) => GatewayOutcome.Completed,
            (GatewayOutcome.Completed, < 3) => GatewayOutcome.Reversed,
            _ => order.Outcome,
        };
        if (next == order.Outcome)
            return;
        if (next == GatewayOutcome.Approved)
            // Now and then a bank takes another amount than was asked.
            order.Taken = payment.Asked + (_dice.Next(50) == 0 && !payment.Opens ? _dice.Next(-1, 2) : 0) is > 0 and var taken ? taken : payment.Asked;
        order.Outcome = next;
        payment.History.Add(string.Create(CultureInfo.InvariantCulture, $"{_now:HH:mm:ss} at the bank: {next}"));
        Tell(payment, order, "listener");
        if (next is GatewayOutcome.Approved or GatewayOutcome.Refused or GatewayOutcome.Abandoned && _dice.Next(10) < 7)
            Tell(payment, order, "return");
    }

    void Tell(Payment payment, Order order, string channel)
    {
        if (payment.Opens)
        {
            // Unsigned: it is no word about the money, and makes us ask.
            if (channel == "return")
                AskAt(payment, payment.NextQuery is { } planned && planned < _now ? planned : _now);
            return;
        }
        // No message that comes by itself names an amount: accounted reads as authorised, and the amount is asked for.
        _network.Add(new(payment.Id, channel, order.Outcome == GatewayOutcome.Completed ? GatewayOutcome.Approved : order.Outcome, null));
        if (_dice.Next(10) == 0)
            _network.Add(_network[^1]);
    }

    /// <summary>Any message that is on its way arrives, or is lost: then the bank tells its listener again, and a browser does not.</summary>
    void Deliver(bool calm)
    {
        var at = _dice.Next(_network.Count);
        var message = _network[at];
        if (!calm && _dice.Next(10) == 0)
        {
            if (message.Channel == "return")
                _network.RemoveAt(at);
            return;
        }
        // A browser comes once; the bank tells again until it was answered, which is when the message is stored.
        if (message.Channel == "return")
            _network.RemoveAt(at);
        _messages++;
        Begin(Receive(message));
    }

    /// <summary>As GatewayFacts does: store what is genuine, then apply it, each in a transaction of its own.</summary>
    IEnumerable<bool> Receive(Message message)
    {
        var fact = Store(message);
        _network.Remove(message);
        yield return true;
        if (!fact.Applied)
            Apply(_payments[message.Payment], message, fact);
    }

    Fact Store(Message message)
    {
        var key = (message.Payment, message.Channel, message.Outcome);
        if (_facts.TryGetValue(key, out var fact))
            return fact;
        _facts.Add(key, fact = new Fact { At = _now, Message = message });
        _unapplied.Add(fact);
        return fact;
    }

    void ApplyForgotten()
    {
        _unapplied.RemoveAll(fact => fact.Applied);
        foreach (var fact in _unapplied.Where(fact => fact.At < _now - GatewayFacts.ForgottenAfter).Take(5).ToList())
            Apply(_payments[fact.Message.Payment], fact.Message, fact);
    }

    /// <summary>As PaymentPoller does: the intent is committed, then the bank is asked, then the answer is stored and applied. The host may die after each.</summary>
    void Ask(bool calm)
    {
        if (_questions.Count == 0 || _questions.Min.At > _now)
            return;
        var payment = _payments[_questions.Min.Payment];
        payment.LastQuery = _now;
        payment.Queries++;
        AskAt(payment, _now + TimeSpan.FromMinutes(2));
        Begin(Question(payment, calm));
    }

    IEnumerable<bool> Question(Payment payment, bool calm)
    {
        yield return true;
        var order = _bank.GetValueOrDefault(payment.Id);
        if (payment.Opens && !payment.Opened)
        {
            // Nobody needs to be asked: the call is under way, or was lost.
            var none = new Message(payment.Id, "unopened", _now - payment.CreatedAt > Opening.MayTake ? GatewayOutcome.NeverArrived : GatewayOutcome.NotFound, null);
            yield return true;
            var noted = Store(none);
            yield return true;
            Apply(payment, payment.Opened ? none with { Outcome = GatewayOutcome.NotFound } : none, noted);
            yield break;
        }
        var outcome = !calm && _dice.Next(8) == 0 ? GatewayOutcome.Undetermined : order?.Outcome ?? GatewayOutcome.NotFound;
        if (outcome == GatewayOutcome.NotFound && _now - payment.CreatedAt > NeverArrivedAfter)
            outcome = GatewayOutcome.NeverArrived;
        var message = new Message(payment.Id, "query", outcome, outcome == GatewayOutcome.Completed ? payment.Opens ? payment.Asked : order!.Taken : null);
        yield return true;
        var fact = Store(message);
        yield return true;
        Apply(payment, message, fact);
    }

    void AskAt(Payment payment, DateTimeOffset? at)
    {
        if (payment.NextQuery is { } planned)
            _questions.Remove((planned, payment.Id));
        payment.NextQuery = at;
        if (at is { } next)
            _questions.Add((next, payment.Id));
    }

    /// <summary>One transaction, under the payment's row lock.</summary>
    void Apply(Payment payment, Message message, Fact fact)
    {
        var (state, effects) = PaymentStates.Next(payment.State, message.Outcome);
        payment.History.Add(string.Create(CultureInfo.InvariantCulture, $"{_now:HH:mm:ss} {message.Channel} {message.Outcome}: {payment.State} -> {state}"));
        var confirmed = effects.HasFlag(PaymentEffects.ConfirmAmount) && message.Taken is not null;
        AskAt(payment, NextQuestion(payment, state, effects, message));
        if (effects.HasFlag(PaymentEffects.Take))
        {
            payment.Taken = message.Taken ?? payment.Asked;
            payment.PaidAt = _now;
        }
        else if (confirmed)
            payment.Taken = message.Taken!.Value;
        if (confirmed)
            payment.ConfirmedAt = _now;
        payment.State = state;
        fact.Applied = true;
        if (effects.HasFlag(PaymentEffects.Take))
        {
            foreach (var due in payment.Dues)
                Take(payment, due);
            Book(payment, "taken", payment.Asked);
        }
        if (effects.HasFlag(PaymentEffects.TakeBack))
        {
            foreach (var due in payment.Dues)
                if (_duePaid.TryGetValue(due.Id, out var by) && by == payment.Id)
                {
                    _duePaid.Remove(due.Id);
                    due.Paid = false;
                    due.Settle();
                    Raise(due);
                }
            Book(payment, "reversed", -payment.Booked.Values.Sum());
        }
        if (confirmed)
            payment.Booked["amount"] = payment.Taken!.Value - payment.Asked;
    }

    void Take(Payment payment, Due due)
    {
        if (due.Replaced && without != Guard.OneWay)
        {
            due.Version++;
            _surplus.Add((payment.Id, due.Id));
            return;
        }
        if (without != Guard.PaidOnce && !_duePaid.TryAdd(due.Id, payment.Id))
        {
            due.Version++;
            _surplus.Add((payment.Id, due.Id));
            return;
        }
        _duePaid[due.Id] = payment.Id;
        due.Paid = true;
        due.Settle();
        Raise(due);
    }

    void Raise(Due due)
    {
        if (due.Events.Count == 0)
            _waiting.Add(due);
        due.Events.Add(new Delivery { Seq = ++due.Version, DueAt = _now });
    }

    /// <summary>Once by its cause, whatever comes again.</summary>
    static void Book(Payment payment, string cause, long cents) => payment.Booked.TryAdd(cause, cents);

    DateTimeOffset? NextQuestion(Payment payment, PaymentState state, PaymentEffects effects, Message message)
    {
        if (effects.HasFlag(PaymentEffects.StopAsking))
            return null;
        if (effects.HasFlag(PaymentEffects.AskSoon))
            return _now + PaymentStates.Soon;
        if (state == PaymentState.Paid && payment.ConfirmedAt is not null && message.Outcome is GatewayOutcome.Approved or GatewayOutcome.Registered)
            return payment.NextQuery;
        var unasked = state == PaymentState.Paid && payment.ConfirmedAt is null && (payment.LastQuery is not { } last || last < payment.PaidAt);
        var later = _now + (unasked ? PaymentStates.Soon : PaymentStates.Later(payment.Queries));
        return message.Channel != "query" && payment.NextQuery is { } planned && planned < later ? planned : later;
    }

    /// <summary>As the dispatcher does: what is due and first in its stream; effect and mark in one transaction, which may fail as a whole.</summary>
    void DeliverEvent(bool calm)
    {
        if (_waiting.Count == 0)
            return;
        var at = _dice.Next(_waiting.Count);
        var due = _waiting[at];
        var next = due.Events[without == Guard.Order ? _dice.Next(due.Events.Count) : 0];
        if (next.DueAt > _now)
            return;
        if (!calm && _dice.Next(6) == 0)
        {
            if (without == Guard.EffectWithMark)
                _effects.Add((due.Id, next.Seq));
            next.DueAt = _now + DeliverySchedule.After(next.Tries);
            // Parked and replayed by an officer is the same as one more back-off here.
            next.Tries = Math.Min(next.Tries + 1, DeliverySchedule.MostTries);
            return;
        }
        _effects.Add((due.Id, next.Seq));
        due.Events.Remove(next);
        if (due.Events.Count == 0)
            _waiting.RemoveAt(at);
    }

    /// <summary>Nothing new happens and nothing breaks any more; then our books are compared with the bank's.</summary>
    SimulationFound Settle(int steps)
    {
        _network.RemoveAll(message => message.Channel == "return");
        // By night the bank accounts for what it has authorised, and tells nobody.
        foreach (var order in _bank.Values.Where(order => order.Outcome == GatewayOutcome.Approved))
            order.Outcome = GatewayOutcome.Completed;
        // Bounded: what cannot come to rest is found below as unfinished.
        for (var (quiet, most) = (0, 200 * _payments.Count + 1_000_000); quiet < QuietSteps && most > 0; quiet++, most--)
        {
            Step(calm: true);
            if (quiet % 500 == 0 && Busy())
                quiet = 0;
        }

        var (lost, doubled, invented, outOfOrder, unfinished) = (0, 0, 0, 0, 0);
        foreach (var payment in _payments.Values)
        {
            var order = _bank.GetValueOrDefault(payment.Id);
            var held = order?.Outcome == GatewayOutcome.Completed ? order.Taken : 0;
            var ours = payment.Booked.Values.Sum();
            if (ours < held)
                Note(ref lost, $"payment {payment.Id}: the bank holds {held}, booked are {ours}, state {payment.State}; {string.Join("; ", payment.History.TakeLast(12))}");
            else if (ours > held)
                Note(ref invented, $"payment {payment.Id}: the bank holds {held}, booked are {ours}, state {payment.State}; {string.Join("; ", payment.History.TakeLast(12))}");
            if (payment.State == PaymentState.Paid != held > 0)
                Note(ref unfinished, $"payment {payment.Id} is {payment.State}, the bank holds {held}");
            foreach (var due in payment.Dues)
                if (payment.State == PaymentState.Paid && _duePaid.GetValueOrDefault(due.Id, -1) != payment.Id && !_surplus.Contains((payment.Id, due.Id)))
                    Note(ref doubled, $"payment {payment.Id} took money for due {due.Id}, which neither it has paid nor a surplus of it tells");
        }
        foreach (var stream in _effects.GroupBy(effect => effect.Due))
        {
            var seen = stream.Select(effect => effect.Seq).ToList();
            if (seen.Distinct().Count() != seen.Count)
                Note(ref doubled, $"due {stream.Key}: an event had two effects ({string.Join(' ', seen)})");
            if (!seen.SequenceEqual(seen.Order()))
                Note(ref outOfOrder, $"due {stream.Key}: {string.Join(' ', seen)}");
        }
        foreach (var due in _dues.Where(due => due.Plan == 0 && due.Ways.Any(way => way.Plan == 0 && way.Paid) && due.Ways.Any(way => way.Plan != 0 && way.Paid)))
            Note(ref doubled, $"due {due.Id} is paid at once, and in instalments too");
        foreach (var due in _dues)
            if (due.Paid != _duePaid.ContainsKey(due.Id))
                Note(ref invented, $"due {due.Id} is {(due.Paid ? "paid" : "open")} and nobody paid it");
        unfinished += _waiting.Count;
        return new(steps, seed, _payments.Count, _bank.Values.Count(order => order.Outcome == GatewayOutcome.Completed), _crashes, _messages, lost, doubled, invented, outOfOrder, unfinished, _first);
    }

    bool Busy() => _network.Count > 0 || _waiting.Count > 0 || _hosts.Any(host => host.Count > 0)
        || without != Guard.Asking && _questions.Any(question => StillTo(_payments[question.Payment]))
        || without != Guard.Forgotten && _unapplied.Exists(fact => !fact.Applied);

    /// <summary>Whether asking can still bring news: who is known to the bank and decides nothing is asked about for ever.</summary>
    bool StillTo(Payment payment) => _bank.GetValueOrDefault(payment.Id)?.Outcome != GatewayOutcome.Registered;

    void Note(ref int count, string what)
    {
        count++;
        if (_first.Length == 0)
            _first = what;
    }

    sealed class Due
    {
        public int Id { get; init; }
        public long Cents { get; init; }

        /// <summary>0 is the whole at once.</summary>
        public int Plan { get; init; }

        /// <summary>All dues of its position.</summary>
        public required List<Due> Ways { get; init; }
        public List<Payment> Payments { get; } = [];
        public bool Paid { get; set; }
        public bool Replaced { get; private set; }

        /// <summary>As DueRows.Settle does, for the whole position.</summary>
        public void Settle()
        {
            foreach (var way in Ways)
                way.Replaced = !way.Paid && Ways.Exists(other => other.Paid && other.Plan != way.Plan) && !Ways.Exists(other => other.Paid && other.Plan == way.Plan);
        }

        /// <summary>Somebody is at the bank with another way, or this very payment would be.</summary>
        public bool TakenOtherwise(IEnumerable<Due> together) => Ways.Exists(other => other.Plan != Plan
            && (together.Contains(other) || other.Payments.Exists(payment => payment.State is PaymentState.Prepared or PaymentState.AtBank or PaymentState.Unknown)));
        public int Version { get; set; }
        public List<Delivery> Events { get; } = [];
    }

    sealed class Payment
    {
        public int Id { get; init; }
        public required Due[] Dues { get; init; }
        public long Asked { get; init; }
        public PaymentState State { get; set; } = PaymentState.Prepared;

        /// <summary>By an officer.</summary>
        public bool Received { get; init; }

        /// <summary>Its gateway is called first.</summary>
        public bool Opens { get; set; }

        /// <summary>The address of the bank's page is known, and the payer was sent there.</summary>
        public bool Opened { get; set; }
        public long? Taken { get; set; }
        public DateTimeOffset CreatedAt { get; init; }
        public DateTimeOffset? NextQuery { get; set; }
        public DateTimeOffset? LastQuery { get; set; }
        public DateTimeOffset? PaidAt { get; set; }
        public DateTimeOffset? ConfirmedAt { get; set; }
        public int Queries { get; set; }
        public List<string> History { get; } = [];
        public Dictionary<string, long> Booked { get; } = new(StringComparer.Ordinal);
    }

    sealed class Fact
    {
        public DateTimeOffset At { get; init; }
        public required Message Message { get; init; }
        public bool Applied { get; set; }
    }

    sealed class Order
    {
        public GatewayOutcome Outcome { get; set; }
        public long Taken { get; set; }
    }

    sealed class Delivery
    {
        public int Seq { get; init; }
        public DateTimeOffset DueAt { get; set; }
        public int Tries { get; set; }
    }

    sealed record Message(int Payment, string Channel, GatewayOutcome Outcome, long? Taken);
}
