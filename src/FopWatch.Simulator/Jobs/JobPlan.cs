namespace FopWatch.Simulator;

/// <summary>Generates jobs and their faults.</summary>
public static class JobPlan
{
    private static readonly BodyShape[] Any = Enum.GetValues<BodyShape>();
    private static readonly BodyShape[] Qiniu = [BodyShape.QiniuClassic, BodyShape.QiniuWorkflowV3, BodyShape.QiniuWorkflowV2];
    private static readonly BodyShape[] Wangsu = [BodyShape.WangsuFmgr, BodyShape.WangsuFops];
    private static readonly BodyShape[] WithItems = [BodyShape.QiniuClassic, .. Wangsu];

    /// <summary>
    /// The faults in reporting, in random order. All of them occur before one repeats. Except for the fault that makes it unobtainable, the
    /// true outcome of a job can be found despite them.
    /// </summary>
    private static readonly Recipe[] Faults =
    [
        new(Any, draft => draft.Faults = draft.Faults with { Lost = true }),
        new(WithItems, draft => draft.Faults = draft.Faults with { NotificationFails = true }),
        new(Any, draft => draft.Faults = draft.Faults with { Doubled = true }),
        new(Any, draft => draft.Faults = draft.Faults with { Late = draft.Lateness() }),
        new(Wangsu, draft =>
        {
            draft.Separate = true;
            draft.AtLeastItems(3);
            draft.Faults = draft.Faults with { Reordered = true };
        }),
        new(Any, draft => draft.Faults = draft.Faults with { UndecodableFirst = true }),
        new(Any, draft => draft.Faults = draft.Faults with { CutFirst = true }),
        Forge(Forgery.WrongSignature),
        Forge(Forgery.NoSignature),
        Forge(Forgery.UnknownKey),
        AskedWith(random => [.. Enumerable.Repeat(StatusAnswer.NotFound, random.Next(1, 4))]),
        AskedWith(random => [.. Enumerable.Repeat(StatusAnswer.Throttled, random.Next(2, 5))]),
        AskedWith(_ => [StatusAnswer.Failed599]),
        AskedWith(random => [.. Enumerable.Repeat(StatusAnswer.Failed500, random.Next(1, 3))]),
        AskedWith(_ => [StatusAnswer.Hang]),
        AskedWith(_ => [StatusAnswer.Truncated]),
        AskedWith(_ => [StatusAnswer.HalfBody]),
        AskedWith(_ => [StatusAnswer.Slow]),
        AskedWith(_ => [StatusAnswer.WrongContentType]),
        AskedWith(_ => [StatusAnswer.HtmlPage]),
        AskedWith(_ => [StatusAnswer.Redirect]),
        new(Any, draft =>
        {
            // Without a status API, one strong notification must report everything.
            draft.Signing = draft.StrongScheme;
            draft.Separate = false;
            draft.Faults = draft.Faults with
            {
                StatusAlways = draft.Random.Pick([StatusAnswer.Failed599, StatusAnswer.Failed500, StatusAnswer.Truncated, StatusAnswer.HtmlPage]),
            };
        })
        { NeedsSignatures = true },
        new(Any, draft => draft.Unobtainable = true) { Hopeless = true },
    ];

    /// <summary>Variations that are not faults.</summary>
    private static readonly Recipe[] Traits =
    [
        new([BodyShape.QiniuClassic], draft =>
        {
            draft.Failures = 0;
            draft.ReturnOld = true;
        }),
        new([BodyShape.QiniuClassic], draft =>
        {
            draft.AtLeastItems(2);
            draft.Failures = 1;
            draft.ClaimsSuccess = true;
        }),
        new([BodyShape.QiniuWorkflowV3], draft =>
        {
            draft.AtLeastItems(3);
            draft.Cancelled = true;
        }),
        new([BodyShape.QiniuWorkflowV3], draft =>
        {
            draft.AtLeastItems(3);
            draft.Failures = 1;
            draft.FailsFirst = true;
        }),
        new([BodyShape.QiniuWorkflowV2], draft =>
        {
            draft.AtLeastItems(2);
            draft.Failures = 1;
        }),
        new(Wangsu, draft =>
        {
            draft.AtLeastItems(2);
            draft.Separate = true;
            draft.SeparateListsAll = true;
        }),
        new(Wangsu, draft =>
        {
            draft.AtLeastItems(3);
            draft.Failures = 1;
            draft.Separate = true;
            draft.SeparateListsAll = false;
        }),
        new(Qiniu, draft => draft.Signing = SigningScheme.QBox) { NeedsSignatures = true },
        new(Any, draft => draft.Signing = SigningScheme.None),
        new([BodyShape.QiniuClassic], draft => draft.Idle = true),
        new([BodyShape.QiniuClassic, BodyShape.WangsuFops, BodyShape.QiniuWorkflowV3], draft => draft.Encrypted = true),
        new([BodyShape.QiniuClassic], draft =>
        {
            draft.Failures = 0;
            draft.Audited = true;
        }),
        new([BodyShape.QiniuClassic], draft => draft.Archived = true),
        new(WithItems, draft =>
        {
            draft.AtLeastItems(2);
            draft.Repeats = true;
        }),
        new(Any, draft => draft.Failures = draft.ItemCount),
        new(WithItems, draft =>
        {
            draft.AtLeastItems(3);
            draft.Failures = 1;
        }),
        .. Enum.GetValues<WangsuEncoding>().Select(encoding => new Recipe(Wangsu, draft => draft.Encoding = encoding)),
    ];

    /// <summary>The number of jobs with which every shape, fault and variation that the options allow occurs.</summary>
    public const int Complete = 60;

    /// <summary>Generates jobs. The same arguments give the same jobs on every machine.</summary>
    /// <param name="seed">The seed of all random choices. Plans with different seeds share practically no ids.</param>
    /// <param name="count">The number of jobs, at least 0. With <see cref="Complete"/> or more, every fault and variation occurs.</param>
    /// <param name="options">The kinds of jobs.</param>
    /// <exception cref="ArgumentException">The options name no shape.</exception>
    public static IReadOnlyList<SimulatedJob> Generate(int seed, int count, PlanOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        options ??= new();
        if (options.Shapes.Count == 0)
            throw new ArgumentException("At least one shape is required.", nameof(options));

        bool IsAllowed(Recipe recipe) =>
            (options.UseSignatures || !recipe.NeedsSignatures)
            && (options.Unobtainable || !recipe.Hopeless)
            && recipe.Shapes.Intersect(options.Shapes).Any();
        var faults = Faults.Where(IsAllowed).ToList();
        var traits = Traits.Where(IsAllowed).ToList();
        // One job that cannot be settled is enough. More would only take time.
        var common = faults.Where(recipe => !recipe.Hopeless).ToList();

        var random = Seeded.Random(seed, 1);
        var jobs = new List<SimulatedJob>(count);
        foreach (var recipe in faults.Concat(traits))
            jobs.Add(Draft(recipe));
        foreach (var shape in options.Shapes)
            jobs.Add(Draft(new([shape], _ => { })));
        // With fewer jobs than cases, the seed decides which cases occur.
        jobs = [.. random.Shuffled(jobs).Take(count)];
        while (jobs.Count < count)
        {
            var recipe = random.Chance(options.FaultShare) ? random.Pick(common)
                : random.Chance(0.3) ? random.Pick(traits)
                : new([.. options.Shapes], _ => { });
            jobs.Add(Draft(recipe));
        }

        return random.Shuffled(jobs);

        SimulatedJob Draft(Recipe recipe)
        {
            var draft = new JobDraft(random.Next(), random.Pick([.. recipe.Shapes.Intersect(options.Shapes)]), options);
            recipe.Apply(draft);
            return draft.ToJob();
        }
    }

    private static Recipe Forge(Forgery forgery) =>
        new(Any, draft => draft.Faults = draft.Faults with { Forged = forgery }) { NeedsSignatures = true };

    /// <summary>A fault of the status API takes effect only if it is polled, so nothing else may report the outcome for long.</summary>
    private static Recipe AskedWith(Func<Random, StatusAnswer[]> answers) => new(Any, draft =>
    {
        var status = answers(draft.Random);
        draft.Faults = draft.Random.Chance(0.6)
            ? draft.Faults with { Status = status, Lost = true }
            : draft.Faults with { Status = status, Late = draft.Lateness() };
    });

    private sealed record Recipe(IReadOnlyList<BodyShape> Shapes, Action<JobDraft> Apply)
    {
        /// <summary>Whether settling the job, or settling it correctly, requires checking signatures.</summary>
        public bool NeedsSignatures { get; init; }

        /// <summary>Whether the outcome cannot be found.</summary>
        public bool Hopeless { get; init; }
    }
}
