using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace FopWatch.Api;

/// <summary>
/// The query parameters that each route takes. Anything else in a query is refused: a filter with a typo would select everything, and a
/// bulk request would then act on everything.
/// </summary>
public static class QueryParameters
{
    private const int MaxProblems = 20;
    private const int MaxShownName = 64;

    /// <summary>What an Azure Functions host reads from a query itself: the function key, and the name of the key.</summary>
    public static IReadOnlyList<string> FunctionsHost { get; } = ["code", "clientId"];

    // What an unset variable in a script leaves of a filter must not select everything.
    private static readonly string[] Filters = ["source", "state", "watch", "since", "ref"];

    // Of two that match a path, the first counts.
    private static readonly Route[] Routes =
    [
        new("POST", "/api/jobs"),
        new("GET", "/api/jobs", "source", "state", "watch", "since", "ref", "top", "continuation"),
        new("GET", "/api/jobs/{source}/{id}", "wait"),
        new("DELETE", "/api/jobs/{source}/{id}"),
        new("POST", "/api/jobs/{source}/{id}/poll"),
        new("POST", "/api/jobs/{source}/{id}/republish"),
        new("GET", "/api/quarantine", "source", "top", "continuation"),
        new("POST", "/api/quarantine/retry", "source"),
        new("GET", "/api/quarantine/{key}"),
        new("DELETE", "/api/quarantine/{key}"),
        new("GET", "/api/quarantine/{key}/body"),
        new("POST", "/api/quarantine/{key}/retry"),
        new("GET", "/events", "lastEventId", "source"),
        new("GET", "/metrics"),
        new("GET", "/openapi.json"),

        // A provider may append a query of its own, and never repeats a notification that was answered 4xx (providers.md, sections 1 and 2).
        Route.WithAnyQuery("POST", "/api/notify/{source}/{token}"),
        Route.WithAnyQuery("POST", "/api/notify/{source}/{token}/{correlation}"),

        // A load balancer's probe may append a query, and takes a host out of service that answers 400.
        Route.WithAnyQuery("GET", "/health/live"),
        Route.WithAnyQuery("GET", "/health/ready"),
    ];

    /// <summary>Each route as its method and path, with its parameters; null where a query may hold anything.</summary>
    internal static IEnumerable<(string Route, IReadOnlyList<string>? Parameters)> All =>
        Routes.Select(route => ($"{route.Method} {route.Path}", route.Parameters));

    /// <summary>Checks a request's query against its route.</summary>
    /// <param name="request">The request.</param>
    /// <param name="hosts">Further parameters, which the host takes on every route, any number of times.</param>
    /// <returns>The answer 400 that names each wrong parameter; null if none is wrong, or if there is no such route.</returns>
    public static IResult? Check(HttpRequest request, IReadOnlyList<string> hosts)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(hosts);
        if (!request.QueryString.HasValue || Find(request) is not { Parameters: { } parameters })
            return null;

        var problems = new List<ProblemElement>();
        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pair in new QueryStringEnumerable(request.QueryString.Value))
        {
            var name = pair.DecodeName().ToString();
            if (hosts.Contains(name, StringComparer.OrdinalIgnoreCase))
                continue;

            // Names that differ in case alone are one parameter to whoever reads the query.
            var isNew = given.Add(name);
            if (!parameters.Contains(name, StringComparer.Ordinal))
            {
                if (isNew)
                    problems.Add(new(Shown(name), $"Unknown parameter '{Shown(name)}'; {Instead(name, parameters)}"));
            }
            else if (!isNew)
            {
                problems.Add(new(name, $"The parameter '{name}' is given more than once."));
            }
            else if (pair.EncodedValue.Length == 0 && Filters.Contains(name, StringComparer.Ordinal))
            {
                problems.Add(new(name, $"The parameter '{name}' is empty. Leave it out to select everything."));
            }

            if (problems.Count == MaxProblems)
                break;
        }

        return problems.Count switch
        {
            0 => null,
            1 => Problem.Invalid(problems[0].Detail, problems),
            _ => Problem.Invalid("Several parameters are wrong.", problems),
        };
    }

    private static Route? Find(HttpRequest request)
    {
        // As routing splits it: a slash at the end does not count.
        var segments = request.Path.Value?.Trim('/').Split('/') ?? [];
        return Array.Find(Routes, route => route.Matches(request.Method, segments));
    }

    private static string Instead(string name, IReadOnlyList<string> parameters)
    {
        if (parameters.Count == 0)
            return "this route takes none.";

        var nearest = parameters.MinBy(parameter => Distance(name, parameter))!;
        return IsNear(name, nearest)
            ? $"did you mean '{nearest}'?"
            : $"this route takes {string.Join(", ", parameters.Select(parameter => $"'{parameter}'"))}.";
    }

    private static bool IsNear(string name, string parameter) =>
        Distance(name, parameter) <= Math.Max(1, Math.Min(name.Length, parameter.Length) / 2) && Distance(name, parameter) < name.Length;

    private static string Shown(string name) => name.Length <= MaxShownName ? name : string.Concat(name.AsSpan(0, MaxShownName), "…");

    /// <summary>How many characters have to be inserted, deleted, replaced or swapped with the next, whatever their case.</summary>
    private static int Distance(string name, string parameter)
    {
        // A name that is far longer is far, however long it is.
        if (name.Length > 2 * parameter.Length)
            return name.Length;

        var (given, known) = (name.ToUpperInvariant(), parameter.ToUpperInvariant());
        var distances = new int[given.Length + 1, known.Length + 1];
        for (var i = 0; i <= given.Length; i++)
        {
            for (var j = 0; j <= known.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    distances[i, j] = i + j;
                    continue;
                }

                var replaced = distances[i - 1, j - 1] + (given[i - 1] == known[j - 1] ? 0 : 1);
                distances[i, j] = Math.Min(replaced, 1 + Math.Min(distances[i - 1, j], distances[i, j - 1]));
                if (i > 1 && j > 1 && given[i - 1] == known[j - 2] && given[i - 2] == known[j - 1])
                    distances[i, j] = Math.Min(distances[i, j], distances[i - 2, j - 2] + 1);
            }
        }

        return distances[given.Length, known.Length];
    }

    private sealed class Route(string method, string path, params string[] parameters)
    {
        private readonly string[] _segments = path.Trim('/').Split('/');

        public string Method => method;

        public string Path => path;

        public IReadOnlyList<string>? Parameters { get; private init; } = parameters;

        public static Route WithAnyQuery(string method, string path) => new(method, path) { Parameters = null };

        public bool Matches(string requested, string[] segments)
        {
            // Whoever can get something can ask about it without its body.
            if (HttpMethods.IsHead(requested))
                requested = HttpMethods.Get;
            if (segments.Length != _segments.Length || !HttpMethods.Equals(requested, method))
                return false;

            for (var i = 0; i < segments.Length; i++)
            {
                // Routing compares without regard to case.
                var matches = _segments[i][0] == '{'
                    ? segments[i].Length > 0
                    : segments[i].Equals(_segments[i], StringComparison.OrdinalIgnoreCase);
                if (!matches)
                    return false;
            }

            return true;
        }
    }
}
