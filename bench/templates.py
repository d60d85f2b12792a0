"""What stands in the files of a generated repository: one template for each kind of resource.

`$name` is replaced. All of it is valid for Kubernetes 1.25 and later, and yamllint's relaxed rules accept it.
"""

from __future__ import annotations

from string import Template
from typing import Final

DEPLOYMENT: Final = Template("""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: $app-$part
  labels:
    app.kubernetes.io/name: $part
    app.kubernetes.io/part-of: $app
  annotations:
    reloader.stakater.com/auto: "true"
spec:
  minReadySeconds: $replicas
  revisionHistoryLimit: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: $part
      app.kubernetes.io/part-of: $app
  template:
    metadata:
      labels:
        app.kubernetes.io/name: $part
        app.kubernetes.io/part-of: $app
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "$metrics"
    spec:
      serviceAccountName: $app-$part
      securityContext:
        runAsNonRoot: true
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: $part
          image: $image  # {"$$imagepolicy": "flux-system:$app-$part"}
          args: ["--listen=:$port", "--log-format=json"]
          ports:
            - {name: http, containerPort: $port}
            - {name: metrics, containerPort: $metrics}
          env:
            - name: LOG_LEVEL
              value: "$level"
            - name: DATABASE_PASSWORD
              valueFrom:
                secretKeyRef: {name: $app-$part, key: password}
          envFrom:
            - configMapRef:
                name: $app-$part
          readinessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 10
          livenessProbe:
            httpGet:
              path: /livez
              port: http
            initialDelaySeconds: 20
            failureThreshold: 5
          volumeMounts:
            - name: settings
              mountPath: /etc/$app
              readOnly: true
            - name: scratch
              mountPath: /tmp
          resources:
            requests: {cpu: ${cpu}m, memory: ${memory}Mi}
            limits: {memory: ${memory}Mi}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
      volumes:
        - name: settings
          configMap:
            name: $app-$part
            items:
              - {key: application.yaml, path: application.yaml}
        - name: scratch
          emptyDir: {sizeLimit: 256Mi}
      # One zone may fail without taking the whole part with it.
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              app.kubernetes.io/name: $part
              app.kubernetes.io/part-of: $app
""")

SERVICE: Final = Template("""\
apiVersion: v1
kind: Service
metadata:
  name: $app-$part
  labels:
    app.kubernetes.io/name: $part
    app.kubernetes.io/part-of: $app
    example.com/team: $team
spec:
  selector:
    app.kubernetes.io/name: $part
    app.kubernetes.io/part-of: $app
  ports:
    - name: http
      port: 80
      targetPort: http
""")

DISRUPTION_BUDGET: Final = Template("""\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: $app-$part
  labels:
    app.kubernetes.io/name: $part
    app.kubernetes.io/part-of: $app
    example.com/team: $team
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: $part
      app.kubernetes.io/part-of: $app
""")

CONFIG_MAP: Final = Template("""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: $app-$part
  labels:
    app.kubernetes.io/name: $part
    app.kubernetes.io/part-of: $app
    example.com/team: $team
data:
  LOG_LEVEL: "$level"
  CACHE_SECONDS: "$replicas"
  application.yaml: |
    server:
      port: $port
      shutdown: graceful
    features: [search, export]
    upstreams:
      - name: $app-api
        url: "http://$app-api.$app.svc.cluster.local"
        timeout: ${replicas}s
        retries: 3
    logging:
      level: $level
      format: json
""")

SERVICE_ACCOUNT: Final = Template("""\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: $app-$part
  labels:
    app.kubernetes.io/name: $part
    app.kubernetes.io/part-of: $app
    example.com/team: $team
automountServiceAccountToken: false
""")

ROLE: Final = Template("""\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: $app-$part
  labels:
    app.kubernetes.io/name: $part
    app.kubernetes.io/part-of: $app
    example.com/team: $team
rules:
  - apiGroups: [""]
    resources: [configmaps]
    verbs: [get, list, watch]
""")

ROLE_BINDING: Final = Template("""\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: $app-$part
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: $app-$part
subjects:
  - kind: ServiceAccount
    name: $app-$part
    namespace: $app
""")

NETWORK_POLICY: Final = Template("""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: $app-$part
  labels:
    app.kubernetes.io/name: $part
    app.kubernetes.io/part-of: $app
    example.com/team: $team
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: $part
      app.kubernetes.io/part-of: $app
  policyTypes: [Ingress]
  ingress:
    # Only from inside of the app, and from the gateway.
    - from:
        - podSelector: {}
        - namespaceSelector:
            matchLabels: {kubernetes.io/metadata.name: gateway}
      ports:
        - {protocol: TCP, port: $port}
""")

STATEFUL_SET: Final = Template("""\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: $app-store
spec:
  serviceName: $app-store
  replicas: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: store
      app.kubernetes.io/part-of: $app
  template:
    metadata:
      labels:
        app.kubernetes.io/name: store
        app.kubernetes.io/part-of: $app
    spec:
      containers:
        - name: store
          image: docker.io/library/postgres:16.$replicas-alpine
          ports:
            - {name: store, containerPort: 5432}
          volumeMounts:
            - {name: data, mountPath: /var/lib/postgresql/data}
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests:
            storage: ${cpu}Gi
""")

STORE_SERVICE: Final = Template("""\
apiVersion: v1
kind: Service
metadata:
  name: $app-store
spec:
  clusterIP: None
  selector:
    app.kubernetes.io/name: store
    app.kubernetes.io/part-of: $app
  ports:
    - {name: store, port: 5432, targetPort: store}
""")

VOLUME_CLAIM: Final = Template("""\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: $app-backup
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: standard
  resources:
    requests:
      storage: ${cpu}Gi
""")

CRON_JOB: Final = Template("""\
apiVersion: batch/v1
kind: CronJob
metadata:
  name: $app-$part-cleanup
spec:
  schedule: "$minute 3 * * *"  # at night, not all at once
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 2
      template:
        spec:
          restartPolicy: OnFailure
          containers:
            - name: cleanup
              image: $image
              command: ["/bin/cleanup", "--older-than", "720h"]
""")

NAMESPACE: Final = Template("""\
apiVersion: v1
kind: Namespace
metadata:
  name: $namespace
  labels:
    pod-security.kubernetes.io/enforce: restricted
    team: $team
""")

QUOTA: Final = Template("""\
apiVersion: v1
kind: ResourceQuota
metadata:
  name: $app
  namespace: $namespace
spec:
  hard:
    requests.cpu: "$replicas"
    requests.memory: ${replicas}Gi
    pods: "40"
""")

LIMIT_RANGE: Final = Template("""\
apiVersion: v1
kind: LimitRange
metadata:
  name: $app
  namespace: $namespace
spec:
  limits:
    - type: Container
      default: {memory: ${memory}Mi}
      defaultRequest: {cpu: ${cpu}m, memory: ${memory}Mi}
""")

ENVIRONMENT_CONFIG: Final = Template("""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: $app-$part-environment
  namespace: $namespace
  labels:
    app.kubernetes.io/name: $part
    app.kubernetes.io/part-of: $app
    example.com/team: $team
data:
  ENVIRONMENT: $environment
  PUBLIC_URL: "https://$part.$app.$environment.example.com"
  SAMPLE_RATE: "0.$minute"
  OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector.observability.svc.cluster.local:4317"
  OTEL_RESOURCE_ATTRIBUTES: "service.namespace=$app,deployment.environment=$environment"
  FEATURE_NEW_CHECKOUT: "true"
  # Kept lower than the idle time-out of the load balancer, which is 60 s.
  HTTP_IDLE_TIMEOUT: "5${replicas}s"
""")

INGRESS: Final = Template("""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: $app-$part
  namespace: $namespace
  labels:
    app.kubernetes.io/name: $part
    app.kubernetes.io/part-of: $app
    example.com/team: $team
  annotations:
    cert-manager.io/cluster-issuer: letsencrypt-$environment
    external-dns.alpha.kubernetes.io/ttl: "60"
    nginx.ingress.kubernetes.io/force-ssl-redirect: "true"
    nginx.ingress.kubernetes.io/proxy-body-size: "16m"
spec:
  ingressClassName: nginx
  tls:
    - hosts: ["$part.$app.$environment.example.com"]
      secretName: $app-$part-tls
  rules:
    - host: "$part.$app.$environment.example.com"
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: $app-$part
                port: {name: http}
""")

AUTOSCALER: Final = Template("""\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: $app-$part
  namespace: $namespace
  labels:
    app.kubernetes.io/name: $part
    app.kubernetes.io/part-of: $app
    example.com/team: $team
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: $app-$part}
  minReplicas: $replicas
  maxReplicas: 1$replicas
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: 7$replicas}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: 300
      policies:
        - {type: Percent, value: 50, periodSeconds: 60}
""")

EXTERNAL_SECRET: Final = Template("""\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: $app-$part
  namespace: $namespace
  labels:
    app.kubernetes.io/name: $part
    app.kubernetes.io/part-of: $app
    example.com/team: $team
spec:
  refreshInterval: 1h
  secretStoreRef: {kind: ClusterSecretStore, name: vault-$environment}
  data:
    - secretKey: password
      remoteRef: {key: $environment/$app/$part, property: password}
    - secretKey: username
      remoteRef: {key: $environment/$app/$part, property: username}
""")

SERVICE_MONITOR: Final = Template("""\
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: $app-$part
  namespace: $namespace
  labels:
    app.kubernetes.io/name: $part
    app.kubernetes.io/part-of: $app
    example.com/team: $team
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: $part
      app.kubernetes.io/part-of: $app
  endpoints:
    - port: metrics
      interval: 30s
      relabelings:
        - sourceLabels: [__meta_kubernetes_pod_node_name]
          targetLabel: node
""")
