using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Simulator;

/// <summary>Answers status queries as Qiniu and both Wangsu families do, with the faults of the job.</summary>
internal sealed class StatusApi(SimulatorOptions options, SimulatorCounters counters, CancellationToken stopping)
{
    private const string Json = "application/json";
    private const string DecoyPath = "/decoy";
    private const string WorkflowPath = "/v3/task/status/";

    private readonly ConcurrentDictionary<(Family Family, string Id), Submission> _submissions = new();

    private enum Family
    {
        Qiniu,
        QiniuWorkflow,
        WangsuFmgr,
        WangsuFops,
    }

    /// <summary>Adds a job.</summary>
    /// <returns>False if its id is already known.</returns>
    public bool TryAdd(Submission submission) => _submissions.TryAdd((FamilyOf(submission.Job.Shape), submission.Job.Id), submission);

    public async Task AnswerAsync(HttpContext http)
    {
        // Otherwise a client with the same fast clock would find this machine's clock wrong.
        http.Response.Headers.Date = options.Clock.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        var request = http.Request;
        var path = request.Path.Value ?? "";
        var isDecoy = path.StartsWith(DecoyPath, StringComparison.Ordinal);
        if (isDecoy)
            path = path[DecoyPath.Length..];

        var (family, id) = Question(path, request.Query);
        if (family is null || id is null || !HttpMethods.IsGet(request.Method))
        {
            counters.Answered(StatusAnswer.BadRequest);
            var (status, message) = family is null ? (404, "no such path") : id is null ? (400, "invalid argument") : (405, "method not allowed");
            await RefuseAsync(http, family ?? Family.Qiniu, status, message);
            return;
        }

        if (family == Family.QiniuWorkflow && !isDecoy && !IsSigned(request))
        {
            counters.Answered(StatusAnswer.Unauthorized);
            await RefuseAsync(http, family.Value, 401, "bad token");
            return;
        }

        var submission = _submissions.GetValueOrDefault((family.Value, id));
        if (isDecoy)
        {
            counters.FollowedRedirect();
            await (submission is null ? NotFoundAsync(http, family.Value) : LieAsync(http, submission));
            return;
        }

        if (submission is null && !IsKnownElsewhere(family.Value, id))
            counters.AskedForStranger();
        var ordinal = submission?.Ask() ?? 0;
        var answer = submission is null || submission.Job.Unobtainable ? StatusAnswer.NotFound : Next(submission, ordinal);
        counters.Answered(answer);
        await AnswerAsync(http, family.Value, submission, ordinal, answer);
    }

    /// <summary>The query in a path, and its id; null for a missing one.</summary>
    private static (Family? Family, string? Id) Question(string path, IQueryCollection query)
    {
        if (path.StartsWith(WorkflowPath, StringComparison.Ordinal))
            return (Family.QiniuWorkflow, Uri.UnescapeDataString(path[WorkflowPath.Length..]));

        var (qiniuId, wangsuId) = (Given("id"), Given("persistentId"));
        return path switch
        {
            "/fmgr/status" => (Family.WangsuFmgr, wangsuId),
            "/status/get/prefop" when qiniuId is null && wangsuId is not null => (Family.WangsuFops, wangsuId),
            "/status/get/prefop" => (Family.Qiniu, qiniuId),
            _ => (null, null),
        };

        string? Given(string name) => (string?)query[name] is { Length: > 0 } value ? value : null;
    }

    private StatusAnswer Next(Submission submission, int ordinal)
    {
        var faults = submission.Job.Faults;
        var answer = faults.StatusAlways ?? (ordinal < faults.Status.Count ? faults.Status[ordinal] : StatusAnswer.Report);
        return answer == StatusAnswer.NotFound && options.Clock.GetUtcNow() - submission.At >= faults.NotFoundWindow
            ? StatusAnswer.Report
            : answer;
    }

    private async Task AnswerAsync(HttpContext http, Family family, Submission? submission, int ordinal, StatusAnswer answer)
    {
        var response = http.Response;
        var isQiniu = IsQiniu(family);
        switch (answer)
        {
            case StatusAnswer.Throttled:
                await RefuseAsync(http, family, isQiniu ? 573 : 429, "too frequent");
                return;
            case StatusAnswer.Failed599:
                await RefuseAsync(http, family, isQiniu ? 599 : 503, "server error");
                return;
            case StatusAnswer.Failed500:
                await RefuseAsync(http, family, 500, "internal server error");
                return;
            case StatusAnswer.HtmlPage:
                await WriteAsync(http, 200, "text/html; charset=utf-8", "<!DOCTYPE html><title>Maintenance</title><p>Please come back later."u8.ToArray());
                return;
            case StatusAnswer.Redirect:
                // To a client, the same machine under another name is another host.
                response.StatusCode = 302;
                response.Headers.Location = $"http://localhost:{http.Connection.LocalPort}{DecoyPath}{http.Request.Path}{http.Request.QueryString}";
                return;
            case StatusAnswer.Hang:
                await WaitAsync(options.HangLimit, TimeProvider.System, http.RequestAborted);
                http.Abort();
                return;
        }

        if (submission is null || answer is StatusAnswer.NotFound or StatusAnswer.BadRequest)
        {
            await NotFoundAsync(http, family);
            return;
        }

        var body = Body(submission, submission.Job, ordinal);
        switch (answer)
        {
            case StatusAnswer.WrongContentType:
                await WriteAsync(http, 200, "text/html; charset=utf-8", body);
                break;
            case StatusAnswer.HalfBody:
                await WriteAsync(http, 200, Json, body.AsMemory(0, body.Length / 2));
                break;
            case StatusAnswer.Truncated:
                response.ContentType = Json;
                response.ContentLength = body.Length;
                // The server closes the connection if a response is shorter than its declared length. Aborting could lose the first half.
                await response.Body.WriteAsync(body.AsMemory(0, body.Length / 2), http.RequestAborted);
                break;
            case StatusAnswer.Slow:
                response.ContentType = Json;
                response.ContentLength = body.Length;
                const int Parts = 5;
                for (var part = 0; part < Parts; part++)
                {
                    var range = (body.Length * part / Parts)..(body.Length * (part + 1) / Parts);
                    await response.Body.WriteAsync(body.AsMemory(range), http.RequestAborted);
                    await response.Body.FlushAsync(http.RequestAborted);
                    if (part < Parts - 1)
                        await WaitAsync(options.SlowBody / (Parts - 1), options.Clock, http.RequestAborted);
                }

                break;
            default:
                await WriteAsync(http, 200, Json, body);
                break;
        }
    }

    private Task LieAsync(HttpContext http, Submission submission)
    {
        // Over at any time, so that the false report would settle the job.
        var lie = ProviderReport.Lie(submission.Job) with { DoneAfter = TimeSpan.Zero };
        return WriteAsync(http, 200, Json, Body(submission, lie, 0));
    }

    private byte[] Body(Submission submission, SimulatedJob job, int ordinal)
    {
        var age = options.Clock.GetUtcNow() - submission.At;
        var report = new ProviderReport(job, IsNotification: false, age, submission.At, ordinal) { Notification = submission.Notification };
        return Encoding.UTF8.GetBytes(report.ToJson());
    }

    /// <summary>Whether a query about a workflow is signed with one of the customer's keys, as documented.</summary>
    private bool IsSigned(HttpRequest request)
    {
        var url = new Uri($"{request.Scheme}://{request.Host}{request.PathBase}{request.Path}{request.QueryString}");
        return options.QiniuKeys.Any(key => request.Headers.Authorization
            == Signer.Qiniu(key.AccessKey, key.SecretKey, url, request.ContentType, [], method: request.Method));
    }

    /// <summary>Whether Qiniu's other query knows an id.</summary>
    private bool IsKnownElsewhere(Family family, string id) =>
        IsQiniu(family) && _submissions.ContainsKey((family == Family.Qiniu ? Family.QiniuWorkflow : Family.Qiniu, id));

    private static bool IsQiniu(Family family) => family is Family.Qiniu or Family.QiniuWorkflow;

    private Task NotFoundAsync(HttpContext http, Family family) => IsQiniu(family)
        ? RefuseAsync(http, family, 612, "not such id in prefop")
        : RefuseAsync(http, family, options.WangsuNotFoundStatus, "persistentId not found");

    private static Task RefuseAsync(HttpContext http, Family family, int status, string message)
    {
        // Wangsu's code is the HTTP status as a string.
        object body = IsQiniu(family)
            ? new { error = message }
            : new { code = status.ToString(System.Globalization.CultureInfo.InvariantCulture), message };
        return WriteAsync(http, status, Json, JsonSerializer.SerializeToUtf8Bytes(body));
    }

    private static async Task WriteAsync(HttpContext http, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = contentType;
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }

    /// <summary>Waits for a time. The wait ends early if the client disconnects or the simulator stops.</summary>
    private async Task WaitAsync(TimeSpan time, TimeProvider clock, CancellationToken aborted)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(aborted, stopping);
        try
        {
            await Task.Delay(time, clock, either.Token);
        }
        catch (OperationCanceledException)
        {
            // The client has disconnected, or the simulator stops.
        }
    }

    /// <summary>Without a key, workflows could not be queried, so the query for tasks then knows them.</summary>
    private Family FamilyOf(BodyShape shape) => shape switch
    {
        BodyShape.QiniuWorkflowV3 when options.QiniuKeys.Count > 0 => Family.QiniuWorkflow,
        BodyShape.WangsuFmgr => Family.WangsuFmgr,
        BodyShape.WangsuFops => Family.WangsuFops,
        _ => Family.Qiniu,
    };
}
