using System.Collections.Concurrent;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Settings;
using FopWatch.Wording;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>The registration of jobs.</summary>
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> turns it into answers.</remarks>
internal static class RegistrationApi
{
    public static void MapRegistrations(this IEndpointRouteBuilder api) =>
        api.MapPost("/jobs", RegisterAsync)
            .Describe(
                "registerJobs",
                "Register 1 to 1000 jobs",
                "Idempotent. Re-registering merges metadata and resumes a stopped or expired job. Metadata added to a settled job publishes its outcome again, as a new version. One invalid registration rejects all. After a 503, some may have been registered.");

    /// <summary><c>POST /api/jobs</c>: registers 1 to 1000 jobs. Idempotent.</summary>
    [AdmittedAs(RequestKind.Registration)]
    [Needs(KeyRights.Write)]
    public static async Task<Results<Accepted<JobLink>, Accepted<JobLinks>, ProblemResult<InvalidRequest>, ProblemResult<TooLarge>, ProblemResult<InternalError>>> RegisterAsync(
        HttpRequest request,
        Caller caller,
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
            return Problem.Invalid($"Nothing was registered.", read.Problems);

        var links = new JobLink[read.Registrations.Count];
        var (tooLarge, unreadable) = (new ConcurrentBag<ProblemElement>(), new ConcurrentBag<ProblemElement>());

        // Registrations of one job are recorded in their order, because later metadata wins.
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
            var detail = Unregistered(refused.Count, links.Length, unreadable.IsEmpty ? (Sentence)$"whose metadata is too large" : (Sentence)$"for the same reasons");
            var named = refused.Take(JobRegistrations.MaxProblems).ToList();
            if (unreadable.IsEmpty)
                return Problem.Invalid(detail, named);
            return Problem.Unreadable(detail, named);
        }

        if (read.Many)
            return TypedResults.Accepted((string?)null, new JobLinks(links));
        // Below the path base that the client used, so that it can follow the link.
        return TypedResults.Accepted(request.PathBase + links[0].Href, links[0]);

        async Task<JobRegistrations> ReadAsync()
        {
            // The registrations take no more memory than the body, so the turn ends before the first job is written.
            using var turn = await turns.EnterAsync(BodyMemory.Callers, body.Length, cancellationToken);
            return JobRegistrations.Read(body.Bytes, caller.Visible(settings.Sources));
        }

        async Task RegisterOneAsync(int index, JobRegistration registration, CancellationToken cancelled)
        {
            var (source, id, metadata, firstPollAfter) = registration;
            using var turn = await admission.RegistrationTurnAsync(cancelled);
            try
            {
                var input = new DecisionInput.Registration(metadata, firstPollAfter);
                var job = (await recorder.RecordAsync(new(source.Name, id), input, cancelled, by: source)).Job!;
                links[index] = new(source.Name, id, job.State, Href(job.Key));
            }
            catch (MetadataTooLargeException e)
            {
                // The size includes the metadata that the job already has.
                tooLarge.Add(new(read.Many ? $"/{index}/metadata" : "/metadata", $"'metadata' {e.Message}."));
            }
            catch (UnreadableJobException e) when (read.Many && e.Job is { } job)
            {
                troubles.Occurred(source.Name, TroubleKind.UnreadableJobs, Sentence.Verbatim(job.Problem));
                unreadable.Add(new($"/{index}/id", $"The stored job cannot be read: {job.Problem}."));
            }
        }
    }

    /// <summary>The detail for registrations that could not be recorded. The first of them are named in the problem.</summary>
    private static Sentence Unregistered(int refused, int all, Sentence why) =>
        refused == all ? (Sentence)$"Nothing was registered."
        : refused <= JobRegistrations.MaxProblems ? (Sentence)$"The registrations named here failed; all others succeeded."
        : (Sentence)$"The registrations named here failed, and {refused - JobRegistrations.MaxProblems} more {why}; all others succeeded.";

    private static string Href(JobKey key) => $"/api/jobs/{key.Source}/{key.Id}";
}
