"""usage: loop_cases.py OUT_DIR: loops, conditionals in loops, and recurrent nets with TensorFlow's own gradients,
in both styles of control flow, in the form of op_cases.py."""
import json, os, shutil, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"]="3"
import numpy as np, tensorflow as tf
tf1=tf.compat.v1; tf1.disable_v2_behavior(); tf1.disable_control_flow_v2()
R=np.random.RandomState(3)
out = sys.argv[1]
shutil.rmtree(out, ignore_errors=True)
def save(name,build,feeds,v2=False):
    (tf1.enable_control_flow_v2 if v2 else tf1.disable_control_flow_v2)()
    d=f'{out}/{name}'; os.makedirs(d)
    with tf1.Graph().as_default() as g, tf1.Session() as s:
        ph={k:tf1.placeholder(v.dtype,[None]*v.ndim if v.ndim else [],name=k) for k,v in feeds.items()}
        for k,v in feeds.items(): ph[k].set_shape(v.shape)
        fetch=build(**ph); fetch=[tf1.identity(f,name='out%d'%i) for i,f in enumerate(fetch)]
        vals=s.run(fetch,{ph[k]:v for k,v in feeds.items()})
        open(d+'/graph.pb','wb').write(g.as_graph_def().SerializeToString())
        c={'feeds':{},'fetches':{},'ops':[],'rtol':1e-4,'atol':1e-5}
        for k,v in feeds.items(): np.save(f'{d}/f_{k}.npy',v); c['feeds'][k+':0']=f'f_{k}.npy'
        for f,v in zip(fetch,vals): n=f.op.name; np.save(f'{d}/w_{n}.npy',v); c['fetches'][n+':0']=f'w_{n}.npy'
        json.dump(c,open(d+'/case.json','w'))
def rnn(x,w):
    T=5
    ta=tf1.TensorArray(tf.float32,T).unstack(x)
    oa=tf1.TensorArray(tf.float32,T)
    def body(i,h,oa):
        h=tf.tanh(tf.matmul(h,w)+ta.read(i)); return i+1,h,oa.write(i,h*h)
    _,h,oa=tf1.while_loop(lambda i,h,oa:i<T,body,[0,tf.zeros([2,3]),oa])
    y=oa.stack(); loss=tf.reduce_sum(y)+tf.reduce_sum(h)
    return [y,loss]+tf1.gradients(loss,[x,w])
for v2 in (False,True):
    save('rnn_v%d'%(2 if v2 else 1),rnn,{'x':R.rand(5,2,3).astype('float32'),'w':R.rand(3,3).astype('float32')},v2)
    def nested(x,n):
        def outer(i,a):
            _,b=tf1.while_loop(lambda j,b:j<i,lambda j,b:(j+1,b*x+1),[0,a]); return i+1,tf.cond(i>2,lambda:tf.sin(b),lambda:b)
        _,a=tf1.while_loop(lambda i,a:i<n,outer,[0,x])
        return [a]+tf1.gradients(a,[x])
    save('nested_v%d'%(2 if v2 else 1),nested,{'x':R.rand(4).astype('float32'),'n':np.array(4,'int32')},v2)
# Conditionals whose predicates are computed, each for both sides.
def decided(x):
    p=tf.reduce_sum(x)>0
    y=tf1.cond(p,lambda:tf.sin(x)*x,lambda:tf.exp(-x))
    z=tf1.cond(p,lambda:y*2.,lambda:y+tf.reduce_mean(x))
    q=tf1.cond(tf.reduce_max(z)>1.,lambda:tf1.cond(p,lambda:z*z,lambda:tf.tanh(z)),lambda:z)
    loss=tf.reduce_sum(q)
    return [y,z,q]+tf1.gradients(loss,[x])
def rounds(x):
    ta=tf1.TensorArray(tf.float32,6)
    def body(i,a,ta):
        a=tf1.cond(tf.reduce_sum(a)>1.,lambda:a*.5,lambda:a*a+x)
        ta=tf1.cond(tf.equal(i%2,0),lambda:ta.write(i,a),lambda:ta.write(i,tf.sin(a)))
        return i+1,a,ta
    _,a,ta=tf1.while_loop(lambda i,a,ta:i<6,body,[0,x,ta])
    y=ta.stack()
    return [a,y]+tf1.gradients(tf.reduce_sum(y)+tf.reduce_sum(a),[x])
def held(x):
    def inside(): return tf1.while_loop(lambda i,a:i<4,lambda i,a:(i+1,tf.cos(a)*x),[0,x])[1]
    y=tf1.cond(tf.reduce_sum(x)>0,inside,lambda:x*3.)
    return [y]+tf1.gradients(y,[x])
for v2 in (False,True):
    for name,build in (('decided',decided),('rounds',rounds),('held',held)):
        for sign in (1,-1):
            save('%s_%s_v%d'%(name,'yes' if sign>0 else 'no',2 if v2 else 1),build,{'x':(sign*R.rand(100)).astype('float32')},v2)
def stateless(n):
    return [tf.random.stateless_uniform([7,3],[1,2]),tf.random.stateless_normal([9],[5,77]),tf.random.stateless_truncated_normal([6],[5,7]),tf.random.stateless_uniform([8],[3,4],minval=-5,maxval=9,dtype=tf.int32),tf.random.stateless_uniform(tf.reshape(n,[1]),[9,9])]
save('stateless',stateless,{'n':np.array(4,'int32')})
def misc(x):
    return [tf1.space_to_batch_nd(x,[2,2],[[0,0],[2,0]]),tf1.batch_to_space_nd(tf1.space_to_batch_nd(x,[2,2],[[1,1],[0,0]]),[2,2],[[1,0],[0,0]]),tf.raw_ops.LinSpace(start=1.0,stop=3.0,num=7)]+list(tf.identity_n([x,x*2]))+[tf1.nn.atrous_conv2d(x,tf.ones([3,3,2,2]),2,'SAME')]
save('misc',misc,{'x':R.rand(1,4,6,2).astype('float32')})
