using FopWatch.Diagnosis;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary><c>POST /api/doctor</c>.</summary>
internal static class DoctorApi
{
    public static void MapDoctor(this IEndpointRouteBuilder routes) => routes.MapPost("/api/doctor", PostAsync)
        .WithTags("doctor")
        .Describe(
            "examine",
            "Examine the installation",
            "Examines the settings, the status APIs, the way of notifications, the traffic of the last 24 hours, and what the host depends on. It asks each status API about an id that does not exist, and sends each source a notification through `FopWatch:PublicUrl` that leaves no job, no entry in quarantine and no statistics. It takes at most a minute. One examination at a time: another one is answered 409.");

    [AdmittedAs(RequestKind.Waiting)]
    [Needs(KeyRights.Write, EverySource = true)]
    public static async Task<Results<Ok<DoctorReport>, ProblemResult<ExaminationRuns>>> PostAsync(Doctor doctor, CancellationToken cancellationToken) =>
        await doctor.ExamineAsync(cancellationToken) is { } report ? TypedResults.Ok(report) : Problem.ExaminationRuns();
}
