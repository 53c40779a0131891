using System.ComponentModel;
using FopWatch.Diagnosis;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
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
            "Examines the settings, the status APIs, the path of notifications, the traffic of the last 24 hours, and the host's dependencies. It queries each status API for an id that does not exist, connects to the receiver of each webhook without sending anything, and sends each source a notification through `FopWatch:PublicUrl`. That notification leaves no job, no entry in quarantine and no statistics. An examination takes at most a minute. While one runs, a second is answered 409.");

    [AdmittedAs(RequestKind.Waiting)]
    [Needs(KeyRights.Write, EverySource = true)]
    public static async Task<Results<Worded<DoctorReport>, ProblemResult<ExaminationRuns>>> PostAsync(
        [FromHeader(Name = "Accept-Language"), Description(AnswerLanguage.OfHeader)] string? acceptLanguage,
        Doctor doctor,
        CancellationToken cancellationToken) =>
        await doctor.ExamineAsync(cancellationToken) is { } report ? new Worded<DoctorReport>(report, AnswerLanguage.Of(acceptLanguage)) : Problem.ExaminationRuns();
}
