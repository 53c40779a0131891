using System.Collections.Concurrent;
using System.ComponentModel;
using System.Globalization;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Watching;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>The routes below <c>/api/jobs</c>.</summary>
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> says how each host is to answer it.</remarks>
internal static class JobsApi
{
    /// <summary>
    /// The longest wait for an outcome that a request may ask for, in seconds. Azure's load balancer gives up on a request that is
    /// not answered within 230 seconds.
    /// </summary>
    public const int MaxWaitSeconds = 200;

    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api").WithTags("jobs");
        api.MapPost("/jobs", RegisterAsync)
            .Describe(
                "registerJobs",
                "Register one job, or up to 1000",
                "Idempotent. Re-registering merges metadata and resumes a stopped or expired job. Metadata that is added to a settled job publishes its outcome again, as a new version. All registrations are right, or none is taken; where the answer is 503, some may have been.");
        api.MapGetAndHead("/jobs", ListAsync)
            .Describe(
                "listJobs",
                "List jobs, newest first",
                "Results in the list are shortened to 8 KiB each, which the `truncated` of their items names. `GET /api/jobs/{source}/{id}` answers them as they are stored.");
        api.MapGetAndHead("/jobs/{source}/{id}", GetAsync)
            .Describe("getJob", "Get a job, or wait for its outcome");
        api.MapDelete("/jobs/{source}/{id}", StopAsync)
            .Describe(
                "stopJob",
                "Stop watching a job",
                "It is not polled any more and cannot expire; it stays as it is, and a notification still settles it. Registering it again starts the watch again. A job with an outcome of the provider's stays unchanged.");
        api.MapPost("/jobs/{source}/{id}/poll", PollAsync)
            .Describe(
                "pollJob",
                "Ask the provider now",
                "Answers the job as it is after the provider's answer, and says in `answer` what that was, or why the provider was not asked. An expired or stopped job is asked about too; one with an outcome of the provider's is not. An expired job that the provider says goes on is watched again.");
        api.MapPost("/jobs/{source}/{id}/republish", RepublishAsync)
            .Describe(
                "republishJob",
                "Publish a job's outcome again",
                "As a new version, so with a new event id.");
    }

    /// <summary><c>POST /api/jobs</c>: registers one job or up to 1000; idempotent.</summary>
    [AdmittedAs(RequestKind.Registration)]
    public static async Task<Results<Accepted<JobLink>, Accepted<JobLinks>, ProblemResult<InvalidRequest>, ProblemResult<TooLarge>, ProblemResult<InternalError>>> RegisterAsync(
        HttpRequest request,
        JobRecorder recorder,
        BodyMemory bodies,
        Admission admission,
        DecodeTurns turns,
        FopWatchSettings settings,
        Troubles troubles,
        CancellationToken cancellationToken)
    {
        using var body = await bodies.ReadAsync(request, BodyMemory.Callers, cancellationToken);
        if (body is null)
            return Problem.TooLarge(settings.MaxBodyBytes);

        using var place = admission.EnterRegistration();
        var read = await ReadAsync();
        if (read.Problems.Count > 0)
            return Problem.Invalid("Nothing was registered.", read.Problems);

        var links = new JobLink[read.Registrations.Count];
        var (tooLarge, unreadable) = (new ConcurrentBag<ProblemElement>(), new ConcurrentBag<ProblemElement>());

        // Those of one job in the order in which they were given, as metadata of the later ones wins.
        var jobs = read.Registrations.Index().GroupBy(given => (given.Item.Source.Name, given.Item.Id));
        await Parallel.ForEachAsync(
            jobs,
            new ParallelOptions { MaxDegreeOfParallelism = Admission.Registrations, CancellationToken = cancellationToken },
            async (job, cancelled) =>
            {
                foreach (var (index, registration) in job)
                    await RegisterOneAsync(index, registration, cancelled);
            });
        if (!tooLarge.IsEmpty || !unreadable.IsEmpty)
        {
            List<ProblemElement> refused = [.. tooLarge.Concat(unreadable).OrderBy(problem => problem.Element.Length).ThenBy(problem => problem.Element, StringComparer.Ordinal)];
            var detail = Unregistered(refused.Count, links.Length, unreadable.IsEmpty ? "whose metadata is too large" : "for the same reasons");
            var named = refused.Take(JobRegistrations.MaxProblems).ToList();
            if (unreadable.IsEmpty)
                return Problem.Invalid(detail, named);
            return Problem.Unreadable(detail, named);
        }

        if (read.Many)
            return TypedResults.Accepted((string?)null, new JobLinks(links));
        return TypedResults.Accepted(links[0].Href, links[0]);

        async Task<JobRegistrations> ReadAsync()
        {
            // What is read takes no more memory than the body, so the turn ends before the first job is written.
            using var turn = await turns.EnterAsync(BodyMemory.Callers, body.Length, cancellationToken);
            return JobRegistrations.Read(body.Bytes, settings.Sources);
        }

        async Task RegisterOneAsync(int index, JobRegistration registration, CancellationToken cancelled)
        {
            var (source, id, metadata, firstPollAfter) = registration;
            using var turn = await admission.RegistrationTurnAsync(cancelled);
            try
            {
                var input = new DecisionInput.Registration(metadata, firstPollAfter);
                var job = (await recorder.RecordAsync(new(source.Name, id), input, cancelled)).Job!;
                links[index] = new(source.Name, id, job.State, Href(job.Key));
            }
            catch (MetadataTooLargeException e)
            {
                // What the job has already is known only now.
                tooLarge.Add(new(read.Many ? $"/{index}/metadata" : "/metadata", $"'metadata' {e.Message}."));
            }
            catch (UnreadableJobException e) when (read.Many && e.Job is { } job)
            {
                troubles.Occurred(source.Name, TroubleKind.UnreadableJobs, job.Problem);
                unreadable.Add(new($"/{index}/id", $"The stored job cannot be read: {job.Problem}."));
            }
        }
    }

    /// <summary>
    /// <c>GET /api/jobs/{source}/{id}[?wait=seconds]</c>: the job; with <c>wait</c>, as soon as it is settled, or the host is to stop.
    /// </summary>
    [AdmittedAs(RequestKind.CallOrWaiting)]
    public static async Task<Results<Ok<WatchedJob>, ProblemResult<NotFound>, ProblemResult<InvalidRequest>>> GetAsync(
        string source,
        string id,
        [Description("Answer as soon as the job is settled, after this many seconds at the latest, or when the host stops; then as it is.")] string? wait,
        OutcomeWaiters waiters,
        JobReferences references,
        FopWatchSettings settings,
        CancellationToken cancellationToken)
    {
        if (KeyOf(source, id, settings.Sources) is not { } key)
            return NoSuchJob();

        var seconds = 0d;
        if (wait is not null
            && !(double.TryParse(wait, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out seconds)
                && seconds is >= 0 and <= MaxWaitSeconds))
        {
            return Problem.Invalid($"'wait' is not a number of seconds from 0 to {MaxWaitSeconds}.");
        }

        return await waiters.WaitAsync(key, TimeSpan.FromSeconds(seconds), cancellationToken) is { } job
            ? TypedResults.Ok(Watched(job, references, settings))
            : NoSuchJob();
    }

    /// <summary><c>GET /api/jobs?source=&amp;state=&amp;watch=&amp;since=&amp;ref=&amp;top=&amp;continuation=</c>: lists jobs, newest first.</summary>
    [AdmittedAs(RequestKind.List)]
    public static async Task<Results<ListAnswer<JobList>, ProblemResult<InvalidRequest>>> ListAsync(
        [Description("Only jobs of this source.")] string? source,
        [Description("Only jobs in this state.")] string? state,
        [Description("Only jobs whose watch stands so.")] string? watch,
        [Description("Only jobs registered at this time or later: an RFC 3339 time with seconds and an offset, whose `+` is `%2B` in a URL.")] string? since,
        [FromQuery(Name = "ref"), Description("Only the job of this reference, as the log names it. The other filters apply too.")] string? reference,
        [Description("The most jobs to answer. A page of large ones has fewer; only `continuation` tells whether there are more.")] string? top,
        string? continuation,
        Admission admission,
        IJobStore store,
        FopWatchSettings settings,
        Troubles troubles,
        CancellationToken cancellationToken)
    {
        var problems = new List<ProblemElement>();
        if (!string.IsNullOrEmpty(source) && settings.Sources.Find(source) is null)
            problems.Add(new("source", "It is not the name of a configured source."));

        var wantedState = Choice<JobState>("state", state, problems);
        var wantedWatch = Choice<WatchStatus>("watch", watch, problems);

        DateTimeOffset? from = null;
        if (!string.IsNullOrEmpty(since))
        {
            from = Rfc3339.Parse(since);
            if (from is null)
                problems.Add(new("since", "It is not an RFC 3339 time, such as 2026-01-31T12:00:00Z. (In a URL, the + of an offset is %2B.)"));
        }

        if (!string.IsNullOrEmpty(reference) && !JobReferences.IsValid(reference))
            problems.Add(new("ref", $"A job reference is {JobReferences.Length} lower-case hexadecimal digits."));

        var count = 100;
        if (!string.IsNullOrEmpty(top)
            && !(int.TryParse(top, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is >= 1 and <= JobQuery.MaxTop))
        {
            problems.Add(new("top", $"It is not a number from 1 to {JobQuery.MaxTop}."));
        }

        if (problems.Count > 0)
            return Problem.Invalid("A parameter is wrong.", problems);

        try
        {
            var query = new JobQuery
            {
                Source = string.IsNullOrEmpty(source) ? null : source,
                State = wantedState,
                Watch = wantedWatch,
                Since = from,
                Top = count,
                Continuation = string.IsNullOrEmpty(continuation) ? null : continuation,
            };
            return await ListAnswer<JobList>.MakeAsync(
                admission,
                string.IsNullOrEmpty(reference) && count > JobQuery.ShortTop,
                async cancelled =>
                {
                    var page = string.IsNullOrEmpty(reference)
                        ? await store.ListAsync(query, cancelled)
                        : await FindByReferenceAsync(store, query, reference, cancelled);
                    var unreadable = page.Unreadable.Count > 0 ? page.Unreadable : null;
                    if (unreadable is not null)
                        troubles.Occurred(query.Source, TroubleKind.UnreadableJobs, $"{unreadable.Count} in a list of jobs");
                    return new JobList(
                        [.. page.Elements.Select(job => Watched(Listed(job), store.References, settings))], page.Continuation, unreadable);
                },
                ApiJson.Wire.JobList,
                cancellationToken);
        }
        catch (FormatException)
        {
            return Problem.Invalid("'continuation' was not issued by this API.");
        }
    }

    /// <summary><c>POST /api/jobs/{source}/{id}/poll</c>: asks the status API now, and answers the job and what the API said.</summary>
    [AdmittedAs(RequestKind.Waiting)]
    public static async Task<Results<Ok<PolledJob>, ProblemResult<NotFound>>> PollAsync(
        string source,
        string id,
        Poller poller,
        JobReferences references,
        FopWatchSettings settings,
        CancellationToken cancellationToken) =>
        KeyOf(source, id, settings.Sources) is { } key
        && await poller.PollNowAsync(key, cancellationToken) is { Job: { } job } polled
            ? TypedResults.Ok(new PolledJob(job, references, settings.Sources.Find(source)?.Domains, polled.Answer))
            : NoSuchJob();

    /// <summary><c>POST /api/jobs/{source}/{id}/republish</c>: publishes the outcome again, as a new version.</summary>
    public static async Task<Results<Ok<WatchedJob>, ProblemResult<NotFound>, ProblemResult<NothingToPublish>>> RepublishAsync(
        string source,
        string id,
        JobRecorder recorder,
        JobReferences references,
        FopWatchSettings settings,
        CancellationToken cancellationToken)
    {
        if (KeyOf(source, id, settings.Sources) is not { } key)
            return NoSuchJob();

        return (await recorder.RecordAsync(key, new DecisionInput.Republish(), cancellationToken)).Job switch
        {
            null => NoSuchJob(),
            { IsSettled: false } => Problem.NotSettled(),
            { Origin: JobOrigin.Hint } => Problem.Unconfirmed(),
            { } job => TypedResults.Ok(Watched(job, references, settings)),
        };
    }

    /// <summary><c>DELETE /api/jobs/{source}/{id}</c>: stops watching. The job stays, and a notification still settles it.</summary>
    public static async Task<Results<Ok<WatchedJob>, ProblemResult<NotFound>>> StopAsync(
        string source,
        string id,
        JobRecorder recorder,
        JobReferences references,
        FopWatchSettings settings,
        CancellationToken cancellationToken) =>
        KeyOf(source, id, settings.Sources) is { } key
        && (await recorder.RecordAsync(key, new DecisionInput.StopWatching(), cancellationToken)).Job is { } job
            ? TypedResults.Ok(Watched(job, references, settings))
            : NoSuchJob();

    /// <summary>What to say where some of the registrations could not be recorded, the first of which are named.</summary>
    private static string Unregistered(int refused, int all, string why) =>
        refused == all ? "Nothing was registered."
        : refused <= JobRegistrations.MaxProblems ? "What is named here was not registered; all else was."
        : $"What is named here was not registered, nor {refused - JobRegistrations.MaxProblems} more {why}; all else was.";

    private static async Task<Page<Job>> FindByReferenceAsync(
        IJobStore store, JobQuery query, string reference, CancellationToken cancellationToken)
    {
        try
        {
            return await store.FindByReferenceAsync(query.Source, reference, cancellationToken) is { } job && query.Matches(job)
                ? new([job], null)
                : new([], null);
        }
        catch (UnreadableJobException)
        {
            return new([], null) { Unreadable = [reference] };
        }
    }

    private static JobKey? KeyOf(string source, string id, Sources sources) =>
        sources.Find(source) is not null && JobKey.IsValidId(id) ? new(source, id) : null;

    private static WatchedJob Watched(Job job, JobReferences references, FopWatchSettings settings) =>
        new(job, references, settings.Sources.Find(job.Key.Source)?.Domains);

    /// <summary>A job with short results: a page of them would otherwise be as long as all of their results are.</summary>
    private static Job Listed(Job job) => job with { Facts = job.Facts.CutTo(FactsCut.SmallResults) };

    private static ProblemResult<NotFound> NoSuchJob() => Problem.NotFound("No job of that source and id is known.");

    private static string Href(JobKey key) => $"/api/jobs/{key.Source}/{key.Id}";

    /// <summary>The member of an enum that a parameter names; null if the parameter was not given, or is wrong, which is one problem more.</summary>
    private static T? Choice<T>(string parameter, string? value, List<ProblemElement> problems)
        where T : struct, Enum
    {
        if (string.IsNullOrEmpty(value))
            return null;

        if (WireNames.TryParse<T>(value, out var known))
            return known;
        problems.Add(new(parameter, $"It is none of {string.Join(", ", WireNames.All<T>())}."));
        return null;
    }
}
